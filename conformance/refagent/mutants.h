/* Agents that misbehave on purpose, to see that the suite notices.
 *
 * A mutant is a name, the scenarios that ought to catch it and one sentence; what it does wrong stands at the one place
 * where it does it, behind mutant_is(). */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#define MUTANTS(X)                                                                                                     \
    X(NONE, "none", "", "behaves")                                                                                     \
    X(NO_TOKEN, "no-token", "healthy/connect,auth/unknown-token", "sends no authorization header")                     \
    X(TRIMS_TOKEN, "trims-token", "start/token-newline", "cuts white space off the end of the token")                  \
    X(LOGS_THE_TOKEN, "logs-the-token", "healthy/*,auth/*", "writes its token into the log")                           \
    X(LOGS_NOTHING, "logs-nothing", "healthy/connect,kas-address/*,tls/*,auth/*", "keeps its failures to itself")      \
    X(PLAIN_LOG, "plain-log", "healthy/connect,kas-address/*,auth/*", "writes its log as text, not as JSON")           \
    X(WRONG_LEVEL, "wrong-level", "kas-address/*,tls/*,auth/*", "logs failures at level info")                         \
    X(SWALLOWS_STATUS, "swallows-status", "auth/*,kas-address/status-*,versions/*",                                    \
      "says that something failed, not what")                                                                          \
    X(IGNORES_LEVEL, "ignores-level", "healthy/debug-config", "stays at level info whatever the configuration says")   \
    X(FORGETS_COMMIT_ID, "forgets-commit-id", "connection/stream-ended,connection/config-pushed",                      \
      "asks for the configuration as if it never had one")                                                             \
    X(RETRIES_AT_ONCE, "retries-at-once", "auth/*,kas-address/refused", "retries without waiting")                     \
    X(NEVER_RETRIES, "never-retries", "auth/*,kas-address/*,connection/*", "gives up at the first failure")            \
    X(WAITS_AFTER_OK, "waits-after-ok", "connection/stream-ended", "treats an orderly end of a stream as a failure")   \
    X(FOLLOWS_REDIRECT, "follows-redirect", "kas-address/no-trailing-slash", "goes where a redirect points")           \
    X(NO_VERIFY, "no-verify", "tls/*", "takes any certificate")                                                        \
    X(IGNORES_CA_FILE, "ignores-ca-file", "tls/unknown-ca@ca-cert-file,tls/self-signed@*", "does not read --ca-cert-file")            \
    X(OTHER_SUBPROTOCOL, "other-subprotocol", "healthy/connect", "asks for a WebSocket subprotocol of another name")   \
    X(NO_OFFER_DEFLATE, "no-offer-deflate", "healthy/connect", "offers no permessage-deflate")                         \
    X(TEXT_FRAMES, "text-frames", "healthy/connect", "sends text messages where binary ones belong")                   \
    X(WRONG_AUTHORITY, "wrong-authority", "healthy/connect", "sends another :authority")                               \
    X(NO_USER_AGENT, "no-user-agent", "healthy/connect", "sends no user-agent, neither in HTTP nor in gRPC")           \
    X(UNCOMPRESSED, "uncompressed", "healthy/connect,versions/kas-without-gzip", "does not compress what it sends")    \
    X(NO_SETTINGS_ACK, "no-settings-ack", "connection/ping", "does not acknowledge SETTINGS")                          \
    X(NO_PING_ACK, "no-ping-ack", "connection/ping", "does not acknowledge PING")                      \
    X(IGNORES_GOAWAY, "ignores-goaway", "connection/goaway-*", "opens streams on a connection that was told GOAWAY")   \
    X(SECOND_CONNECTION, "second-connection", "healthy/connect", "opens a connection for every stream")                \
    X(ONE_TUNNEL_FEWER, "one-tunnel-fewer", "healthy/connect,tunnel/request", "opens nine tunnels")                    \
    X(NO_DESCRIPTOR, "no-descriptor", "healthy/connect,tunnel/request", "does not say what its tunnels serve")         \
    X(TUNNEL_SILENT, "tunnel-silent", "tunnel/request", "takes a request from a tunnel and never answers")             \
    X(ASKS_AS_ITSELF, "asks-as-itself", "tunnel/impersonation", "asks the cluster as itself, whomever it is told to impersonate") \
    X(NO_VIA, "no-via", "tunnel/job", "adds no Via to what it asks of the cluster and answers")                        \
    X(DROPS_QUERY, "drops-query", "tunnel/job", "asks the cluster without the query of the request")                   \
    X(HOLDS_ANSWERS, "holds-answers", "tunnel/watch", "passes an answer of the cluster on when it is whole")           \
    X(LARGE_PIECES, "large-pieces", "tunnel/large", "passes answers on in pieces of 256 KiB")                          \
    X(KEEPS_ASKING, "keeps-asking", "tunnel/cancelled,tunnel/watch",                                                   \
      "does not break off its request to the cluster when the tunnel breaks")                                           \
    X(HALF_OPEN_CONFIG, "half-open-config", "healthy/connect", "does not half-close GetConfiguration")                 \
    X(LEAVES_STREAMS, "leaves-streams", "lifecycle/sigterm", "does not cancel its streams when it ends")       \
    X(IGNORES_SIGTERM, "ignores-sigterm", "lifecycle/sigterm", "does not end when told to")                                    \
    X(WRONG_EXIT, "wrong-exit", "lifecycle/sigterm,start/*", "ends with another exit status")                            \
    X(EXITS_ON_ERROR, "exits-on-error", "auth/*,kas-address/*,connection/*", "ends when a stream fails")               \
    X(CRASHES_ON_EMPTY_CONFIG, "crashes-on-empty-config", "config/empty",                                           \
      "panics upon a configuration that says nothing of logging")                                                           \
    X(ACCEPTS_EMPTY_COMMIT, "accepts-empty-commit", "config/empty-commit", "takes a configuration without commit_id")  \
    X(SURVIVES_NO_CONFIG, "survives-missing-configuration", "config/missing-configuration",                            \
      "does not panic upon a response without configuration")                                                          \
    X(NEVER_READY, "never-ready", "observability/before-connection,observability/no-configuration", "is not ready, says its endpoint")   \
    X(NO_ENDPOINT, "no-endpoint", "observability/before-connection", "says that its endpoint is up, and has none")                     \
    X(HIDES_TAKEN_PORT, "hides-taken-port", "observability/port-taken", "does not tell that its port was taken")       \
    X(FEATURE_AGAIN, "feature-again", "observability/feature-status", "tells of its feature with each configuration")  \
    X(STARTS_WITHOUT_TOKEN, "starts-without-token", "start/token-missing", "starts although the token file is missing")

enum mutant {
#define X(id, name, catchers, does) M_##id,
    MUTANTS(X)
#undef X
        M_MAX
};

/* M_MAX if nobody is called so. */
enum mutant mutant_from_name(const char *name);
/* "NAME<TAB>patterns<TAB>description", one a line, without the one that behaves. */
void mutants_list(FILE *to);
