#include "eval/metrics.h"

#include <math.h>
#include <string.h>

stp_rate stp_rate_of(long long hits, long long total) {
    stp_rate rate = {.hits = hits, .total = total, .low = 0, .high = 1};
    if (total <= 0)
        return rate;
    const double z = 1.959963984540054; // leaves 2.5 % of the normal distribution at either end
    double n = (double)total, p = (double)hits / n;
    double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
    double half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    rate.value = p;
    // exactly the end where every or no clip was hit: rounding must not leave the range or miss the value
    rate.low = hits == 0 ? 0 : fmax(0, centre - half);
    rate.high = hits == total ? 1 : fmin(1, centre + half);
    return rate;
}

int stp_label_is_target(const char *label) {
    return strcmp(label, "_unknown_") != 0 && strcmp(label, "_silence_") != 0;
}

void stp_confusion_add(long long *counts, int classes, int truth, int predicted) {
    counts[(long)truth * classes + predicted]++;
}

stp_rate stp_confusion_recall(const long long *counts, int classes, int class_index) {
    const long long *row = counts + (long)class_index * classes;
    long long total = 0;
    for (int i = 0; i < classes; i++)
        total += row[i];
    return stp_rate_of(row[class_index], total);
}

void stp_confusion_metrics(stp_metrics *metrics, const long long *counts, int classes,
                           const char *const *labels) {
    *metrics = (stp_metrics){0};
    long long right = 0, all = 0, woken[2] = {0}, clips[2] = {0}; // by: the true class is a target
    double recalls = 0;
    for (int truth = 0; truth < classes; truth++) {
        stp_rate recall = stp_confusion_recall(counts, classes, truth);
        right += recall.hits;
        all += recall.total;
        recalls += recall.value;
        metrics->measured_classes += recall.total > 0;
        int target = stp_label_is_target(labels[truth]);
        clips[target] += recall.total;
        for (int predicted = 0; predicted < classes; predicted++)
            if (stp_label_is_target(labels[predicted]))
                woken[target] += counts[(long)truth * classes + predicted];
    }
    metrics->accuracy = stp_rate_of(right, all);
    metrics->balanced_accuracy = metrics->measured_classes ? recalls / metrics->measured_classes : 0;
    metrics->miss = stp_rate_of(clips[1] - woken[1], clips[1]);
    metrics->false_alarm = stp_rate_of(woken[0], clips[0]);
}
