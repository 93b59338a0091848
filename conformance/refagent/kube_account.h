/* What a Pod has to speak to its cluster: the token of its service account, and whom it trusts. */
#pragma once

struct x509_store_st;

struct kube_account {
    char *token;                 /* owned; NULL: it has none */
    struct x509_store_st *roots; /* owned; NULL: those of the agent */
};

/* Each time anew: a token is renewed while an agent runs. */
struct kube_account kube_account_read(void);
void kube_account_done(struct kube_account *a);
