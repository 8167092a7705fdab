/* Decisions whose rewards come later, in any order, more than once or never.
 *
 * A ring in S keeps the last decisions: the arm, the reward, and what became of it. A decision's id
 * is its number, its place the id modulo the size of the ring. Each decision is learned once: from
 * the first reward for its id, or from default_reward when its place is needed for another one.
 *
 * The kernel has declared `arms`. It may say how many decisions there is room for (MAX_DECISIONS)
 * and what a reward is (REWARD). It gives:
 *     static bool is_reward(REWARD paid);                  whether it can learn from such a reward
 *     static void learn_later(uint32_t place, REWARD paid);    learns from the decision there; traps
 *                                                              before it has changed anything
 */
#pragma once

#include "kernel.h"

#ifndef MAX_DECISIONS
#define MAX_DECISIONS 1024
#endif
#ifndef REWARD
#define REWARD double
#endif

enum { EMPTY, REWARDED, TIMED_OUT, WAITING };

STATE uint32_t decisions; /* How many the ring has room for; 0 if the model keeps none. */
STATE double default_reward;
STATE int64_t decided; /* How many there have been: the id of the next one. */
STATE uint32_t decision_arm[MAX_DECISIONS];
STATE uint32_t decision_status[MAX_DECISIONS];
STATE double decision_reward[MAX_DECISIONS];

static bool is_reward(REWARD paid);
static void learn_later(uint32_t place, REWARD paid);

/* Whether the ring can be used; decided has room for one more. */
static bool is_ring(void) {
    return is_size(decisions, MAX_DECISIONS) && can_count(decided, 1);
}

static uint32_t place_of(int64_t id) {
    return (uint32_t)(id % decisions);
}

static bool is_waiting(uint32_t place) {
    return decision_status[place] == WAITING;
}

/* Learns from the decision at a place, for good or ill once. */
static void settle(uint32_t place, REWARD paid, uint32_t status) {
    require(decision_arm[place] < arms && is_reward(paid));
    learn_later(place, paid);
    decision_reward[place] = paid;
    decision_status[place] = status;
}

/* Keeps a decision and gives its id; the one that had its place times out if it still waits. */
static int64_t keep(uint32_t chosen) {
    const uint32_t place = place_of(decided);
    if (is_waiting(place)) settle(place, (REWARD)default_reward, TIMED_OUT);
    decision_arm[place] = chosen;
    decision_status[place] = WAITING;
    decision_reward[place] = 0.0;
    return decided++;
}

/* Whether there has been a decision of this id, and it is still in the ring. */
static bool is_kept(int64_t id) {
    require(is_ring() && id >= 0 && id < decided);
    return decided - id <= decisions && decision_status[place_of(id)] != EMPTY;
}

/* The arm of a decision. Traps if it is not in the ring. */
EXPORT(chosen)
uint32_t chosen(int64_t id) {
    require(is_kept(id));
    return decision_arm[place_of(id)];
}

/* Learns the reward of a decision and gives 1; gives 0, and learns nothing, if it has its reward or
 * has timed out. Traps, with the state as it was, if there has been no such decision, or the reward
 * is not one. */
EXPORT(reward)
uint32_t reward(int64_t id, REWARD paid) {
    require(is_size(arms, MAX_ARMS) && is_reward(paid));
    if (!is_kept(id) || !is_waiting(place_of(id))) return 0;
    settle(place_of(id), paid, REWARDED);
    return 1;
}
