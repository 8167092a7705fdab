/* UCB1: the arm whose rate could still be the largest. Draws nothing: its choices are determined.
 *
 * Source: P. Auer, N. Cesa-Bianchi, P. Fischer, "Finite-time Analysis of the Multiarmed Bandit
 * Problem" (2002), "UCB1".
 */
#include "bandit.h"

STATE double alpha; /* How much the width of the confidence interval counts; 1 is the paper's. */

static int64_t waiting[MAX_ARMS];

/* Counts the decisions that wait for their reward, for each arm and in all. */
static int64_t count_waiting(void) {
    int64_t all = 0;
    for (uint32_t each = 0; each < arms; each++) waiting[each] = 0;
    for (uint32_t place = 0; place < decisions; place++) {
        if (!is_waiting(place)) continue;
        require(decision_arm[place] < arms);
        waiting[decision_arm[place]]++;
        all++;
    }
    return all;
}

/* The arm to pull: each once, then the one with the largest upper confidence bound. A decision that
 * waits counts as a pull of average reward: the interval narrows, or the next decisions would all
 * be for one arm until its first reward is there.
 *
 * Source: T. Desautels, A. Krause, J. W. Burdick, "Parallelizing Exploration-Exploitation Tradeoffs
 * in Gaussian Process Bandit Optimization" (2014), "GP-BUCB", for the same with other intervals. */
EXPORT(predict)
uint32_t predict(void) {
    require(is_size(arms, MAX_ARMS) && decisions <= MAX_DECISIONS);
    const int64_t all = count + count_waiting();
    for (uint32_t each = 0; each < arms; each++)
        if (pulls[each] + waiting[each] <= 0) return each;
    uint32_t best = 0;
    double largest = -1.0;
    const double log_count = log(all > 0 ? (double)all : 1.0);
    for (uint32_t each = 0; each < arms; each++) {
        const double seen = (double)(pulls[each] + waiting[each]);
        const double bound = average(each) + alpha * sqrt(2.0 * log_count / seen);
        if (bound > largest) {
            best = each;
            largest = bound;
        }
    }
    return best;
}

/* The same: nothing is drawn. */
EXPORT(act)
uint32_t act(void) {
    return predict();
}

/* Chooses as predict() does, keeps the decision, and gives its id. */
EXPORT(decide)
int64_t decide(void) {
    require(is_ring());
    return keep(predict());
}

static bool is_reward(double reward) {
    return is_share(reward);
}

static void learn(uint32_t which, double paid) {
    add(which, paid);
}
