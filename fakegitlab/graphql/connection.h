/* Lists with pages: Relay's connections, as GitLab has them. */
#pragma once

#include "fakegitlab/graphql/execute.h"

/* What is on a page. Nodes have an id, of which the cursor is made; they are in order of what they are listed by. */
struct gql_node {
    int64_t id;
    const void *object;
};

/* The page that `args` (first, last, after, before) ask of all n nodes; nodes in the arena. */
struct gql_result gql_connection(struct gql_call *c, const struct gql_node *nodes, size_t n, const json_t *args);

/* {"first", …}: for the args of a field that is a connection. */
#define GQL_PAGE_ARGS                                                                                                \
    {"after", "String", "Returns the elements in the list that come after the specified cursor."},                   \
        {"before", "String", "Returns the elements in the list that come before the specified cursor."},             \
        {"first", "Int", "Returns the first _n_ elements from the list."},                                           \
    {                                                                                                                \
        "last", "Int", "Returns the last _n_ elements from the list."                                                \
    }
extern const struct gql_input_row gql_page_args[]; /* only these */

extern const struct gql_type_row gql_page_info;
struct gql_result gql_connection_nodes(struct gql_call *c, const void *o, const json_t *args);
struct gql_result gql_connection_edges(struct gql_call *c, const void *o, const json_t *args);
struct gql_result gql_connection_info(struct gql_call *c, const void *o, const json_t *args);
struct gql_result gql_connection_count(struct gql_call *c, const void *o, const json_t *args);
struct gql_result gql_edge_cursor(struct gql_call *c, const void *o, const json_t *args);
struct gql_result gql_edge_node(struct gql_call *c, const void *o, const json_t *args);

/* Rows and types of NodeConnection and NodeEdge: GQL_CONNECTION(agents, "ClusterAgent") defines agents_connection and
 * agents_edge. What follows is the releases that have them: .since = GITLAB(14, 7). */
#define GQL_CONNECTION(VAR, NODE, ...)                                                                                 \
    static const struct gql_field_row VAR##_edge_fields[] = {                                                        \
        {"cursor", "String!", "A cursor for use in pagination.", gql_edge_cursor},                                   \
        {"node", NODE, "The item at the end of the edge.", gql_edge_node},                                           \
        {0},                                                                                                         \
    };                                                                                                               \
    static const struct gql_field_row VAR##_connection_fields[] = {                                                  \
        {"count", "Int!", "Total count of collection.", gql_connection_count},                                       \
        {"edges", "[" NODE "Edge]", "A list of edges.", gql_connection_edges},                                       \
        {"nodes", "[" NODE "]", "A list of nodes.", gql_connection_nodes},                                           \
        {"pageInfo", "PageInfo!", "Information to aid in pagination.", gql_connection_info},                         \
        {0},                                                                                                         \
    };                                                                                                               \
    const struct gql_type_row VAR##_edge = {GQL_OBJECT_TYPE, NODE "Edge", "An edge in a connection.",                \
                                            .fields = VAR##_edge_fields, .in = {__VA_ARGS__}};                       \
    const struct gql_type_row VAR##_connection = {GQL_OBJECT_TYPE, NODE "Connection",                                \
                                                  "The connection type for " NODE ".",                               \
                                                  .fields = VAR##_connection_fields, .in = {__VA_ARGS__}}
