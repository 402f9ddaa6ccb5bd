/* health.h - which DNS lists the rules ask, and what the database says of them */
#ifndef POLICY_HEALTH_H
#define POLICY_HEALTH_H

#include "policy/policy.h"

/* Tell the DNS which lists any rule may ask in any profile. */
void health_name_lists(const struct policy_parts *parts, const struct config *config);

/* Callback: have the database say how every list fares; parts are arg's. */
void health_record(void *arg);

#endif
