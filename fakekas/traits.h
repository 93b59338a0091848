/* What differs between versions of KAS, as far as an agent can see it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct kas_traits {
    char version[24];        /* "14.7" */
    char server[64];         /* "gitlab-kas/v14.7.0/00000000"; "": sends no Server header */
    bool both;               /* WebSocket and raw gRPC on one port (15.1) */
    bool correlation;        /* x-gitlab-correlation-id in responses (14.1 … 15.3) */
    bool not_found_rule;     /* GitLab's 404 becomes NotFound (14.2) */
    bool trouble_is_silent;  /* other trouble with GitLab: the stream stays open (not 13.7 … 14.1) */
    bool agent_id, project_path, object_project_id; /* fields it fills in */
    const char *unit;        /* of validation texts: "bytes", before 14.2 "runes" */
    bool date_in_101;        /* Go before 1.19 (15.8) */
    int grpc_go;             /* 42: refuses and says goodbye in the words of grpc-go 1.42 */
    bool request_length;     /* a tunnel's request tells its length (16.0) */
    bool k8s_status;         /* the Kubernetes API endpoint answers with a Status, no longer with text (15.7) */
    bool k8s_marks_401;      /* Gitlab-Unauthorized; no impersonation for the agent itself; cookies (16.0) */
    bool k8s_upgrades;       /* exec, port-forward (15.7) */
    bool k8s_tiers;          /* tiers of environments are groups (15.7) */
    bool k8s_impersonates;   /* (14.2) */
    bool k8s_prefix_first;   /* the path is looked at before the token (16.0) */
    int64_t k8s_find_ms;     /* how long an agent is waited for; 0: for ever */
    int64_t k8s_read_ms;     /* how long a body may take; 0: for ever */
    bool front_exact;        /* Omnibus: NGINX location is exact (14.5) */
    int64_t max_age_ms;      /* 0: none */
    int goaway_percent, polls_percent, hard_percent; /* of max_age_ms, from accept */
};

#define KAS_DEFAULT_VERSION "14.7"

/* -EINVAL: no version. version NULL: the default. */
int traits_of(const char *version, struct kas_traits *ret);
