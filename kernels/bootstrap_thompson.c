/* Bootstrap Thompson Sampling: each arm is drawn from the replicates of an online bootstrap.
 *
 * Each reward goes into each replicate of its arm with probability 1/2. To choose, one replicate of
 * each arm is drawn. No distribution of the rewards is assumed beyond their mean.
 *
 * Each replicate starts from a rate of its own, drawn from the prior. Were they to start from one
 * and the same, the best arm would be lost for ever as soon as, by bad luck with its first rewards,
 * all its replicates are below those of another arm.
 *
 * Source: D. Eckles, M. Kaptein, "Bootstrap Thompson Sampling and Sequential Decision Problems in
 * the Behavioral Sciences" (2019); I. Osband, B. Van Roy, "Bootstrapped Thompson Sampling and Deep
 * Exploration" (2015) for the prior.
 */
#include "kernel.h"

#define MAX_ARMS 6400
#define MAX_COUNTS 6400 /* Arms times replicates. */
#define MAX_ROWS 512
#define MAX_DECISIONS 512
#define REWARD uint32_t
#define GOLDEN 0x9e3779b97f4a7c15 /* 2^64 over the golden ratio. */

STATE uint32_t arms;
STATE uint32_t replicates;
STATE int64_t count;
STATE uint64_t rng[2];
STATE double prior[2]; /* Successes and failures: of the beta distribution that rates start from. */
STATE uint64_t prior_seed;
STATE uint32_t successes[MAX_COUNTS];
STATE uint32_t pulls[MAX_COUNTS];
BUFFER uint32_t arm[MAX_ROWS];
BUFFER uint32_t paid[MAX_ROWS];

#include "decisions.h"

static bool is_ready(void) {
    return is_size(arms, MAX_COUNTS) && is_size(replicates, MAX_COUNTS / arms) &&
           is_generator(rng) && is_finite(prior[0] + prior[1]);
}

/* The next number of SplitMix64. Source: S. Vigna, splitmix64.c (2015). */
static uint64_t split_mix(uint64_t *state) {
    uint64_t z = *state += GOLDEN;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* The rate that a replicate starts from. There is no room to keep them all: it is drawn anew each
 * time, always the same, by a generator that two numbers of SplitMix64 seed. */
static double first_rate(uint32_t cell) {
    uint64_t seed = prior_seed + 2 * (uint64_t)cell * GOLDEN;
    uint64_t draw[2];
    draw[0] = split_mix(&seed);
    draw[1] = split_mix(&seed);
    return beta(draw, prior[0], prior[1]);
}

static double rate(uint32_t cell) {
    const double weight = prior[0] + prior[1];
    return (weight * first_rate(cell) + successes[cell]) / (weight + pulls[cell]);
}

static bool can_learn(uint32_t which, uint32_t n) {
    for (uint32_t cell = which * replicates; cell < (which + 1) * replicates; cell++)
        if (pulls[cell] > UINT32_MAX - n || successes[cell] > UINT32_MAX - n) return false;
    return true;
}

static void learn(uint32_t which, uint32_t paid) {
    /* Behind the numbers that chose the arm: the coins must not know which replicate did. */
    move_on(rng);
    uint64_t coins = 0;
    for (uint32_t i = 0; i < replicates; i++) {
        if (i % 64 == 0) coins = next(rng);
        const uint32_t heads = (uint32_t)(coins >> i % 64) & 1;
        pulls[which * replicates + i] += heads;
        successes[which * replicates + i] += heads & paid;
    }
    count++;
}

/* The arm to pull. Draws from a copy of the generator: asked again before an update, it gives the
 * same arm again. */
EXPORT(predict)
uint32_t predict(void) {
    require(is_ready());
    uint64_t copy[2] = {rng[0], rng[1]}, draw[2];
    branch(copy, draw);
    uint32_t best = 0;
    double largest = -1.0;
    for (uint32_t each = 0; each < arms; each++) {
        const double drawn = rate(each * replicates + below(draw, replicates));
        if (drawn > largest) {
            best = each;
            largest = drawn;
        }
    }
    return best;
}

/* The same, and moves the generator on: for choices whose rewards come later. */
EXPORT(act)
uint32_t act(void) {
    const uint32_t chosen = predict();
    move_on(rng);
    return chosen;
}

/* Chooses as act() does, keeps the decision, and gives its id. */
EXPORT(decide)
int64_t decide(void) {
    require(is_ring());
    const int64_t id = keep(predict());
    move_on(rng);
    return id;
}

static bool is_reward(uint32_t paid) {
    return paid <= 1;
}

static void learn_later(uint32_t place, uint32_t paid) {
    require(is_ready() && can_count(count, 1) && can_learn(decision_arm[place], 1));
    learn(decision_arm[place], paid);
}

/* Learns that the arm paid 0 or 1. Traps, with the state as it was, if there is no such arm or
 * reward, or a counter is full. */
EXPORT(update)
void update(uint32_t which, uint32_t paid) {
    require(is_ready() && can_count(count, 1));
    require(which < arms && paid <= 1 && can_learn(which, 1));
    learn(which, paid);
}

/* The same for many pulls, in their order. Traps, with the state as it was, on a bad one. */
EXPORT(update_many)
void update_many(const uint32_t *which, const uint32_t *rewarded, uint32_t n) {
    require(is_ready() && n <= MAX_ROWS && can_count(count, n));
    for (uint32_t row = 0; row < n; row++)
        require(which[row] < arms && rewarded[row] <= 1 && can_learn(which[row], n));
    for (uint32_t row = 0; row < n; row++) learn(which[row], rewarded[row]);
}

/* The mean rate of an arm's replicates. Traps if there is no such arm. */
EXPORT(estimate)
double estimate(uint32_t which) {
    require(is_ready() && which < arms);
    double sum = 0.0;
    for (uint32_t i = 0; i < replicates; i++) sum += rate(which * replicates + i);
    return sum / replicates;
}
