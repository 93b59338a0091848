/* Signals by name. */
#include "conformance/process/signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "lib/base/mem.h"

int signal_parse(const json_t *args)
{
    static const struct {
        const char *name;
        int number;
    } names[] = {{"TERM", SIGTERM}, {"KILL", SIGKILL}, {"INT", SIGINT},
                 {"HUP", SIGHUP},   {"QUIT", SIGQUIT}, {"STOP", SIGSTOP},
                 {"CONT", SIGCONT}, {"USR1", SIGUSR1}, {"ABRT", SIGABRT}};
    const json_t *v = json_is_object(args) ? json_object_get(args, "signal") : args;
    const char *text = json_string_value(v);

    if (json_is_integer(v))
        return (int)json_integer_value(v);
    if (text && strncmp(text, "SIG", 3) == 0)
        text += 3;
    for (size_t i = 0; text && i < ARRAY_SIZE(names); i++)
        if (strcmp(names[i].name, text) == 0)
            return names[i].number;
    return -EINVAL;
}
