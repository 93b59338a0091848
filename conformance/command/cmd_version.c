/* conform version: what is here. */
#include <stdio.h>

#include "conformance/command/commands.h"
#include "conformance/process/namespaces.h"
#include "conformance/suite.h"
#include "lib/base/mem.h"

int cmd_version(int argc, char **argv)
{
    struct options o;
    struct suite s = {0};
    _cleanup_(freep) char *err = NULL;
    int e = options_parse(&o, "version", argc, argv);

    if (e) {
        options_done(&o);
        return e > 0 ? EXIT_AS_EXPECTED : EXIT_USAGE;
    }
    printf("conform %s\nfixtures %s\n", FAKEKAS_VERSION, o.fixtures);
    (void)suite_components(&s, &o);
    for (size_t i = 0; i < s.components.n; i++)
        printf("%s %s %s\n", s.components.items[i].name, s.components.items[i].version,
               s.components.items[i].path);
    fflush(stdout);
    printf("namespaces %s\n", namespaces_try(&err) == 0 ? "yes" : err);
    suite_done(&s);
    options_done(&o);
    return EXIT_AS_EXPECTED;
}
