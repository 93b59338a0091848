#include "fakekas/record.h"
#include <stddef.h>
struct record *record_start(struct events *events) { (void)events; return NULL; }
int record_write(struct record *r, const char *path) { (void)r, (void)path; return 0; }
struct record *record_free(struct record *r) { (void)r; return NULL; }
