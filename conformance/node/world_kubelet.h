/* The world as the node of the agent's own Pod: what a person applies to the fake cluster is what starts the component under test.
 *
 * GLOSSARY
 *   ours     a Deployment or a Pod whose first container has an image called agentk: its status is moved here, by what really
 *            happens, and not by fakekube/mover.c
 *   the Pod  at most one runs, since one component is under test: of several replicas the first
 *
 * A Deployment's Pod is made by its template, and made anew when that changes (the old one ends first, as the documented
 * maxSurge: 0 has it). Its volumes, environment and arguments are looked up (pod_plan.h), and the component is started with
 * them. A container that ends is started again: at once, then after 10 s, 20 s …: CrashLoopBackOff. A Pod that is deleted
 * gets SIGTERM. What it prints is what `kubectl logs` shows. Readiness is asked by the documented probe, without its delay.
 * Events: sut.waits (nobody has started it), sut.start, sut.ended {code, signal}: an end by itself, sut.stopped.
 */
#pragma once

#include <jansson.h>

#include "conformance/world/world_actors.h"
#include "fakekube/kube.h"

struct kubelet;

struct kubelet_options {
    struct loop *loop;
    struct events *events;
    struct kube *kube;
    struct actors *actors;
    const json_t *job;  /* component, profile; borrowed, as all of this */
    const char *prefix; /* of the component's files */
};

bool kubelet_wanted(const json_t *row);
struct kubelet *kubelet_new(const struct kubelet_options *o);
struct kubelet *kubelet_free(struct kubelet *k); /* before the cluster goes; NULL is fine; always NULL back */
