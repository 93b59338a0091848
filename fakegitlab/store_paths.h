/* Paths of groups and projects. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

bool path_check(const char *path, json_t **reterr); /* words with / between; each as GitLab allows it */
const char *path_last(const char *path);            /* its last word */
