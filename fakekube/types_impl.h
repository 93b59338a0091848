/* The tables of types.c; nobody else includes it. */
#pragma once

struct type_row {
    const char *name;   /* "apps.v1.Deployment" */
    const char *fields; /* see types.h; "=string,date-time": no fields, written as such */
};
/* Each ends with an empty row. */
extern const struct type_row types_core[], types_work[], types_rest[];
