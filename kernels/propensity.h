/* What the policies share that know how probable each arm is: a decision keeps the probability that
 * its arm had, for later rewards are weighted with this one and not with that of a later day.
 *
 * The policy:
 *     static double probability_of(uint32_t arm);    that choose() gives this arm
 */
#pragma once

#include "random_bandit.h"

STATE double decision_propensity[MAX_DECISIONS];

static double probability_of(uint32_t which);

/* The probability that predict() gives the arm: keep it with the reward to weight it later. */
EXPORT(propensity)
double propensity(uint32_t which) {
    require(is_size(arms, MAX_ARMS) && which < arms);
    return probability_of(which);
}

/* Chooses as act() does, keeps the decision, and gives its id. */
EXPORT(decide)
int64_t decide(void) {
    require(is_ring());
    const uint32_t place = place_of(decided), which = predict();
    const double probability = probability_of(which);
    const int64_t id = keep(which);
    decision_propensity[place] = probability;
    move_on(rng);
    return id;
}
