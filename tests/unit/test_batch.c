// Orders, halves and augmentation: equal where they must be, different where they must be, and within bounds.
#include "recordings.h"

#include "base/rng.h"

enum { LENGTH = 1600, SHORT = 1000 };

static stp_dataset *dataset;

// Samples of a noise recording tell their place; those of a word are all 8000, in short clips too.
static void write_level(const char *name, int frames, int ramp) {
    int16_t *samples = calloc((size_t)frames, sizeof *samples);
    assert_non_null(samples);
    for (int i = 0; i < frames; i++)
        samples[i] = (int16_t)(ramp ? i % 30000 + 1 : 8000);
    SF_INFO info = {.samplerate = RATE, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *file = sf_open(in_root(name), SFM_WRITE, &info);
    assert_non_null(file);
    assert_int_equal(sf_writef_short(file, samples, frames), frames);
    sf_close(file);
    free(samples);
}

static void write_levels(const char *label, int clips, int frames) {
    char name[128];
    snprintf(name, sizeof name, "batch/%s", label);
    make_folder(name);
    for (int i = 0; i < clips; i++) {
        snprintf(name, sizeof name, "batch/%s/s%03d_nohash_0.wav", label, i);
        write_level(name, frames, 0);
    }
}

static int make_dataset(void **state) {
    if (make_root(state) != 0)
        return -1;
    make_folder("batch");
    write_levels("few", 9, LENGTH);
    write_levels("many", 200, LENGTH);
    write_levels("short", 50, SHORT);
    make_folder("batch/_background_noise_");
    write_level("batch/_background_noise_/ramp.wav", 30000, 1);
    write_level("batch/_background_noise_/tick.wav", 50, 1); // parts far shorter than a clip
    stp_dataset_options options = options_for("batch");
    options.labels = "few,many,short";
    options.silence = 1;
    dataset = open_good(&options);
    return 0;
}

static int drop_dataset(void **state) {
    stp_dataset_close(dataset);
    return remove_root(state);
}

static int training(int *indices) {
    return stp_dataset_select(dataset, STP_TRAINING, indices);
}

static void count_clips(const int *order, int count, int *times) {
    memset(times, 0, sizeof *times * (size_t)dataset->clips);
    for (int i = 0; i < count; i++) {
        assert_true(order[i] >= 0 && order[i] < dataset->clips);
        times[order[i]]++;
    }
}

static void test_order_is_a_shuffle(void **state) {
    (void)state;
    int indices[1000], order[1000], other[1000], times[1000];
    int count = training(indices);
    stp_batch_order(dataset, indices, count, 0, 7, 3, 0, order);
    count_clips(order, count, times);
    for (int i = 0; i < count; i++)
        assert_int_equal(times[indices[i]], 1);
    assert_memory_not_equal(order, indices, sizeof *order * (size_t)count);
    stp_batch_order(dataset, indices, count, 0, 7, 3, 0, other);
    assert_memory_equal(order, other, sizeof *order * (size_t)count);
    static const int change[3][3] = {{8, 3, 0}, {7, 4, 0}, {7, 3, 1}};
    for (int c = 0; c < 3; c++) {
        stp_batch_order(dataset, indices, count, 0, (uint64_t)change[c][0], change[c][1], change[c][2],
                        other);
        assert_memory_not_equal(order, other, sizeof *order * (size_t)count);
    }
    stp_batch_order(dataset, indices, 0, 1, 7, 3, 0, other); // nothing to order
}

static void test_balance_draws_classes_equally(void **state) {
    (void)state;
    int indices[1000], order[1000], times[1000];
    int count = training(indices);
    int whole[1000] = {0}; // draws of each clip over the epochs
    for (int epoch = 0; epoch < 40; epoch++) {
        stp_batch_order(dataset, indices, count, 1, 7, epoch, 0, order);
        count_clips(order, count, times);
        for (int c = 0; c < dataset->classes; c++) {
            int drawn = 0, least = 1 << 30, most = 0;
            for (int i = 0; i < dataset->clips; i++) {
                const stp_clip *clip = &dataset->clip[i];
                if (clip->split != STP_TRAINING) {
                    assert_int_equal(times[i], 0);
                } else if (clip->class_index == c) {
                    drawn += times[i];
                    least = times[i] < least ? times[i] : least;
                    most = times[i] > most ? times[i] : most;
                    whole[i] += times[i];
                }
            }
            assert_true(drawn == count / dataset->classes || drawn == count / dataset->classes + 1);
            assert_true(most - least <= 1); // all of a class before any of it again
        }
    }
    for (int i = 0; i < count; i++)
        assert_true(whole[indices[i]] > 0); // every clip has its turn
}

static void test_uneven(void **state) {
    (void)state;
    int indices[1000];
    assert_true(stp_batch_uneven(dataset, indices, training(indices))); // 200 against 9
    int count = training(indices), kept = 0;
    for (int i = 0; i < count; i++)
        if (dataset->clip[indices[i]].class_index != 0)
            indices[kept++] = indices[i];
    int most = stp_dataset_count(dataset, STP_TRAINING, 1),
        least = stp_dataset_count(dataset, STP_TRAINING, 2);
    assert_int_equal(stp_batch_uneven(dataset, indices, kept), most > 4 * least);
}

static void test_halves(void **state) {
    (void)state;
    int first[1000], second[1000], other[1000], times[1000], counts[2], count;
    stp_batch_halves(dataset, 5, first, &counts[0], second, &counts[1]);
    assert_int_equal(counts[0] + counts[1], stp_dataset_count(dataset, STP_TRAINING, -1));
    assert_true(abs(counts[0] - counts[1]) <= 1);
    count_clips(first, counts[0], times);
    for (int i = 0; i < counts[1]; i++)
        assert_int_equal(times[second[i]]++, 0); // disjoint
    for (int i = 0; i < dataset->clips; i++)
        assert_int_equal(times[i], dataset->clip[i].split == STP_TRAINING);
    for (int c = 0; c < dataset->classes; c++) {
        int in_first = 0, all = stp_dataset_count(dataset, STP_TRAINING, c);
        for (int i = 0; i < counts[0]; i++) {
            assert_true(i == 0 || first[i - 1] < first[i]);
            in_first += dataset->clip[first[i]].class_index == c;
        }
        assert_true(in_first == all / 2 || in_first == (all + 1) / 2);
    }
    stp_batch_halves(dataset, 5, other, &count, NULL, NULL);
    assert_int_equal(count, counts[0]);
    assert_memory_equal(other, first, sizeof *first * (size_t)count);
    stp_batch_halves(dataset, 6, other, &count, NULL, NULL);
    assert_memory_not_equal(other, first, sizeof *first * (size_t)counts[0]);
}

// First clip of a class in a split.
static int find_clip(int class_index, stp_split split) {
    for (int i = 0; i < dataset->clips; i++)
        if (dataset->clip[i].class_index == class_index && dataset->clip[i].split == split)
            return i;
    fail_msg("no clip of class %d", class_index);
    return -1;
}

static void test_clip_as_in_testing(void **state) {
    (void)state;
    int16_t out[LENGTH + 1], again[LENGTH];
    out[LENGTH] = 77;
    stp_batch_clip(dataset, find_clip(1, STP_TESTING), NULL, 1, 2, 3, out);
    for (int i = 0; i < LENGTH; i++)
        assert_int_equal(out[i], 8000);
    stp_batch_clip(dataset, find_clip(2, STP_TESTING), NULL, 1, 2, 3, out);
    for (int i = 0; i < LENGTH; i++) // centred: 300 zeros on either side
        assert_int_equal(out[i], i < 300 || i >= 1300 ? 0 : 8000);
    int silent = find_clip(3, STP_TESTING);
    stp_batch_clip(dataset, silent, NULL, 1, 2, 3, out);
    stp_batch_clip(dataset, silent, NULL, 9, 8, 7, again); // testing does not depend on seed or epoch
    assert_memory_equal(out, again, sizeof again);
    assert_int_equal(out[LENGTH], 77);
}

static void test_augmentation_is_determined(void **state) {
    (void)state;
    const stp_augment augment = {.shift_samples = 200, .noise_chance = 0.8, .noise_volume = 0.5};
    int16_t out[LENGTH], again[LENGTH];
    static const int change[3][3] = {{2, 3, 0}, {1, 4, 0}, {1, 3, 1}}; // seed, epoch, slot
    for (int c = 0; c < 4; c++) {
        int clip = find_clip(c, STP_TRAINING), differ[3] = {0};
        for (int slot = 0; slot < 20; slot++) {
            stp_batch_clip(dataset, clip, &augment, 1, 3, 100 * slot, out);
            stp_batch_clip(dataset, clip + (c == 0), &augment, 5, 3, slot, again); // something between
            stp_batch_clip(dataset, clip, &augment, 1, 3, 100 * slot, again);
            assert_memory_equal(out, again, sizeof out);
            for (int k = 0; k < 3; k++) {
                stp_batch_clip(dataset, clip, &augment, (uint64_t)change[k][0], change[k][1],
                               100 * slot + change[k][2], again);
                differ[k] += memcmp(out, again, sizeof out) != 0;
            }
        }
        for (int k = 0; k < 3; k++)
            assert_true(differ[k] >= 15); // by chance some may sound the same
    }
}

static void test_shift_is_bounded(void **state) {
    (void)state;
    const stp_augment augment = {.shift_samples = 100};
    int clip = find_clip(1, STP_TRAINING), brief = find_clip(2, STP_TRAINING);
    int seen_left = 0, seen_right = 0, places[LENGTH] = {0};
    int16_t out[LENGTH];
    for (int slot = 0; slot < 3000; slot++) {
        stp_batch_clip(dataset, clip, &augment, 1, 0, slot, out);
        int before = 0, after = 0;
        while (before < LENGTH && out[before] == 0)
            before++;
        while (after < LENGTH && out[LENGTH - 1 - after] == 0)
            after++;
        assert_true(before <= 100 && after <= 100 && (before == 0 || after == 0));
        for (int i = before; i < LENGTH - after; i++)
            assert_int_equal(out[i], 8000);
        seen_left += after == 100;
        seen_right += before == 100;
        stp_batch_clip(dataset, brief, &augment, 1, 0, slot, out);
        int sounding = 0, begin = -1;
        for (int i = 0; i < LENGTH; i++) {
            begin = begin < 0 && out[i] ? i : begin;
            sounding += out[i] == 8000;
        }
        assert_true(sounding >= SHORT - 100 && sounding <= SHORT);
        places[begin]++;
    }
    assert_true(seen_left > 0 && seen_right > 0); // the bounds themselves are drawn
    int different = 0;
    for (int i = 0; i < LENGTH; i++)
        different += places[i] > 0;
    assert_true(different > 500); // a short clip begins anywhere from 0 to 600, and 100 more
    const stp_augment none = {0};
    stp_batch_clip(dataset, clip, &none, 1, 0, 0, out);
    for (int i = 0; i < LENGTH; i++)
        assert_int_equal(out[i], 8000);
    const stp_augment far = {.shift_samples = 1000000}; // further than the clip is long: silence is right
    for (int slot = 0; slot < 50; slot++)
        stp_batch_clip(dataset, brief, &far, 1, 0, slot, out);
}

// The noise mixed into training clips is the ramp's first eight tenths (1 .. 24000) or the tick's (1 .. 40).
static void test_noise_is_of_the_own_split(void **state) {
    (void)state;
    const stp_augment augment = {.noise_chance = 0.5, .noise_volume = 0.1};
    static const stp_split splits[] = {STP_TRAINING, STP_TESTING};
    for (int s = 0; s < 2; s++) {
        int clip = find_clip(1, splits[s]), clean = 0, noisy = 0, largest = 0;
        int16_t out[LENGTH];
        for (int slot = 0; slot < 2000; slot++) {
            stp_batch_clip(dataset, clip, &augment, 1, 0, slot, out);
            int most = 0;
            for (int i = 0; i < LENGTH; i++) {
                assert_true(out[i] >= 8000);
                most = out[i] - 8000 > most ? out[i] - 8000 : most;
            }
            clean += most == 0;
            noisy += most > 40;
            largest = most > largest ? most : largest;
        }
        assert_true(clean > 800 && noisy > 300);
        if (s == 0) // the loudest training noise: a tenth of 24000
            assert_true(largest > 2100 && largest <= 2401);
        else // testing hears the last tenth, 27001 .. 30000
            assert_true(largest > 2500 && largest <= 3001);
    }
}

static void test_saturation(void **state) {
    (void)state;
    const stp_augment augment = {.noise_chance = 1, .noise_volume = 10};
    int clip = find_clip(1, STP_TRAINING), saturated = 0;
    int16_t out[LENGTH];
    for (int slot = 0; slot < 200; slot++) {
        stp_batch_clip(dataset, clip, &augment, 1, 0, slot, out);
        for (int i = 0; i < LENGTH; i++) {
            assert_true(out[i] >= 8000); // a sum that wrapped round would be negative
            saturated += out[i] == INT16_MAX;
        }
    }
    assert_true(saturated > 1000);
}

static int mixed(int noise, int volume) {
    int sum = 8000 + ((noise * volume + 1024) >> 11);
    return sum > INT16_MAX ? INT16_MAX : sum;
}

// Whether some place of the ramp (its training part) at this volume gives these samples.
static int matches(const int16_t *out, int volume) {
    for (int start = 1; start + LENGTH - 1 <= 24000; start++) {
        int i = 0;
        while (i < LENGTH && out[i] == mixed(start + i, volume))
            i++;
        if (i == LENGTH)
            return 1;
    }
    return 0;
}

// Every sample is the clip's plus the noise's at one volume, rounded and saturated: soft and loud noise
// alike.
static void test_mixing_is_exact(void **state) {
    (void)state;
    static const double volumes[] = {1, 10};
    for (int v = 0; v < 2; v++) {
        const stp_augment augment = {.noise_chance = 1, .noise_volume = volumes[v]};
        int clip = find_clip(1, STP_TRAINING), checked = 0;
        int16_t out[LENGTH];
        for (int slot = 0; slot < 60; slot++) {
            stp_batch_clip(dataset, clip, &augment, 1, 0, slot, out);
            // the volume from the slope; the short noise (again every 40 samples) has none, saturation hides
            // it
            int rise = out[LENGTH - 1] - out[0], guess = (int)(rise * 2048.0 / (LENGTH - 1) + 0.5), found = 0;
            if (out[LENGTH - 1] == INT16_MAX || out[40] == out[0] || rise < 100)
                continue;
            for (int volume = guess - 2; volume <= guess + 2; volume++)
                found |= matches(out, volume);
            assert_true(found);
            checked++;
        }
        assert_true(checked >= 3);
    }
}

// Silence is its noise at a drawn volume, moved within its split's part.
static void test_silence(void **state) {
    (void)state;
    const stp_augment augment = {.shift_samples = 500, .noise_chance = 1, .noise_volume = 1};
    int16_t out[LENGTH];
    int loud = 0, quiet = 0;
    for (int i = 0; i < dataset->clips; i++) {
        if (dataset->clip[i].class_index != 3)
            continue;
        for (int slot = 0; slot < 20; slot++) {
            stp_batch_clip(dataset, i, slot ? &augment : NULL, 1, 0, slot, out);
            int most = 0;
            for (int k = 0; k < LENGTH; k++) {
                assert_true(out[k] >= 0);
                most = out[k] > most ? out[k] : most;
            }
            int highest = dataset->clip[i].split == STP_TRAINING     ? 24000
                          : dataset->clip[i].split == STP_VALIDATION ? 27000
                                                                     : 30000;
            assert_true(most <= highest);
            loud += most > highest / 2;
            quiet += most < highest / 4;
        }
    }
    assert_true(loud > 20 && quiet > 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_is_a_shuffle),
        cmocka_unit_test(test_balance_draws_classes_equally),
        cmocka_unit_test(test_uneven),
        cmocka_unit_test(test_halves),
        cmocka_unit_test(test_clip_as_in_testing),
        cmocka_unit_test(test_augmentation_is_determined),
        cmocka_unit_test(test_shift_is_bounded),
        cmocka_unit_test(test_noise_is_of_the_own_split),
        cmocka_unit_test(test_saturation),
        cmocka_unit_test(test_mixing_is_exact),
        cmocka_unit_test(test_silence),
    };
    return cmocka_run_group_tests(tests, make_dataset, drop_dataset);
}
