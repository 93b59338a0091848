/* Inside lib/net: the names of TLS alerts, as the specification spells them. */
#pragma once

const char *alert_name(int code);       /* "handshake_failure"; "unknown" if it is none */
int alert_code(const char *name);       /* by name or number; -EINVAL */
