// From counts to what is reported: accuracy, recall of each class, misses and false alarms, each with the
// interval it is known to. Counts are [classes][classes], row: true class, column: predicted class.
#ifndef STP_EVAL_METRICS_H
#define STP_EVAL_METRICS_H

// A share of counted things, and its Wilson 95 % interval (Wilson 1927), which stays inside [0, 1] and is
// honest for few clips and for shares near 0 and 1. Fractions, not per cent. With total 0 nothing was
// measured: value 0, interval [0, 1].
typedef struct stp_rate {
    long long hits, total;
    double value, low, high;
} stp_rate;

typedef struct stp_metrics {
    stp_rate accuracy;
    double balanced_accuracy; // mean recall of the classes that have clips; 0 without any
    int measured_classes;     // how many have clips
    // The view of a product that wakes on any target word; which word it was does not count here. A rate with
    // total 0 has no meaning (all classes are words, or none is).
    stp_rate miss;        // clips of a target word that were taken for none
    stp_rate false_alarm; // clips of _unknown_ and _silence_ that were taken for a target word
} stp_metrics;

stp_rate stp_rate_of(long long hits, long long total); // 0 <= hits <= total

// Whether a class is a word to spot, which _unknown_ and _silence_ are not.
int stp_label_is_target(const char *label);

// One more clip.
void stp_confusion_add(long long *counts, int classes, int truth, int predicted);
// Part of the clips of a class that were recognised.
stp_rate stp_confusion_recall(const long long *counts, int classes, int class_index);
void stp_confusion_metrics(stp_metrics *metrics, const long long *counts, int classes,
                           const char *const *labels);

#endif
