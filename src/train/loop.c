#include "train/loop.h"

#include "step/step.h"

void stp_loop_add(stp_loop_sums *sums, double loss, int correct, int count) {
    sums->loss += loss;
    sums->correct += correct;
    sums->count += count;
}

double stp_loop_loss(const stp_loop_sums *sums) {
    return sums->count > 0 ? sums->loss / (double)sums->count : 0;
}

double stp_loop_accuracy(const stp_loop_sums *sums) {
    return sums->count > 0 ? 100.0 * (double)sums->correct / (double)sums->count : 0;
}

// --- time --------------------------------------------------------------------------------------------------
// In a file of its own, because journals and checkpoints are equal between two runs of one seed.

double stp_loop_seconds(const stp_loop *loop) {
    return loop->earlier + stp_step_clock() - loop->clock;
}

static stp_status write_time(stp_loop *loop, int64_t epoch, int64_t steps, stp_err *err) {
    double now = stp_step_clock(), seconds = now - loop->clock;
    loop->clock = now;
    loop->earlier += seconds;
    json_t *line = json_pack("{s:I, s:I, s:f, s:f}", "epoch", (json_int_t)epoch, "steps", (json_int_t)steps,
                             "seconds", seconds, "total", loop->earlier);
    return stp_run_append_new(loop->run, "times.jsonl", line, err);
}

static stp_status recall_time(stp_loop *loop, stp_err *err) {
    json_t *line;
    STP_TRY(stp_run_cut_half_line(loop->run, "times.jsonl", err));
    STP_TRY(stp_run_last_line(loop->run, "times.jsonl", &line, err));
    loop->earlier = json_number_value(json_object_get(line, "total")); // 0 when there is none
    json_decref(line);
    return STP_OK;
}

// --- checkpoints -------------------------------------------------------------------------------------------

static int list_sections(stp_loop *loop, stp_section sections[STP_LOOP_SECTIONS + 1]) {
    sections[0] = (stp_section){"place", &loop->at, sizeof loop->at};
    return 1 + loop->work->sections(loop->of, sections + 1);
}

stp_status stp_loop_begin(stp_loop *loop, stp_err *err) {
    loop->clock = stp_step_clock();
    loop->validation_accuracy = -1;
    json_t *identity = stp_settings_identity(loop->settings, loop->command);
    if (!identity)
        return stp_err_memory(err, "settings", 1024);
    stp_json_digest(identity, loop->digest);
    json_decref(identity);
    return STP_OK;
}

stp_status stp_loop_save(stp_loop *loop, stp_err *err) {
    stp_section sections[STP_LOOP_SECTIONS + 1];
    loop->at.journal_bytes = stp_run_size(loop->run, "journal.jsonl");
    int count = list_sections(loop, sections);
    return stp_checkpoint_write(loop->run, "checkpoint.bin", loop->digest, sections, count, err);
}

stp_status stp_loop_peek(stp_loop *loop, const stp_section *section, stp_err *err) {
    return stp_checkpoint_read(loop->run, "checkpoint.bin", loop->digest, loop->settings->force, section, 1,
                               err);
}

stp_status stp_loop_restore(stp_loop *loop, stp_err *err) {
    stp_section sections[STP_LOOP_SECTIONS + 1];
    int count = list_sections(loop, sections);
    STP_TRY(stp_checkpoint_read(loop->run, "checkpoint.bin", loop->digest, loop->settings->force, sections,
                                count, err));
    STP_TRY(stp_run_truncate(loop->run, "journal.jsonl", loop->at.journal_bytes, err));
    return recall_time(loop, err);
}

// --- epochs ------------------------------------------------------------------------------------------------

static void report(const stp_loop *loop, int epoch_done) {
    if (!loop->observer->progress)
        return;
    stp_progress progress = {.epoch = (int)loop->at.epoch,
                             .epochs = (int)loop->epochs,
                             .step = (long)loop->at.step,
                             .steps = loop->steps,
                             .loss = stp_loop_loss(&loop->at.sums),
                             .accuracy = stp_loop_accuracy(&loop->at.sums),
                             .epoch_done = epoch_done,
                             .validation_accuracy = epoch_done ? loop->validation_accuracy : -1};
    loop->work->describe(loop->of, &progress);
    loop->observer->progress(loop->observer->context, &progress);
}

static stp_status save_inside(stp_loop *loop, stp_err *err) {
    STP_TRY(stp_loop_save(loop, err));
    return write_time(loop, loop->at.epoch, loop->at.step, err);
}

static stp_status stop_if_told(stp_loop *loop, stp_err *err) {
    if (!loop->observer->stop || !*loop->observer->stop)
        return STP_OK;
    STP_TRY(save_inside(loop, err));
    return stp_err_set(err, STP_ERR_INTERRUPTED, "stopped; go on with: stapes %s --resume %s",
                       stp_command_name(loop->command), stp_run_word(loop->run));
}

static stp_status end_epoch(stp_loop *loop, stp_err *err) {
    loop->validation_accuracy = loop->work->validate(loop->of);
    STP_TRY(loop->work->end_epoch(loop->of, err));
    report(loop, 1);
    loop->at = (struct stp_loop_place){.epoch = loop->at.epoch + 1};
    STP_TRY(stp_loop_save(loop, err));
    return write_time(loop, loop->at.epoch - 1, loop->steps, err);
}

static stp_status one_epoch(stp_loop *loop, stp_err *err) {
    loop->work->order(loop->of);
    while (loop->at.step < loop->steps) {
        STP_TRY(loop->work->step(loop->of, err));
        loop->at.step++;
        report(loop, 0);
        STP_TRY(stop_if_told(loop, err));
        if (loop->at.step % loop->settings->checkpoint_steps == 0 && loop->at.step < loop->steps)
            STP_TRY(save_inside(loop, err));
    }
    return end_epoch(loop, err);
}

stp_status stp_loop_run(stp_loop *loop, stp_err *err) {
    while (loop->at.epoch < loop->epochs)
        STP_TRY(one_epoch(loop, err));
    if (loop->validation_accuracy < 0) // resumed after the last epoch
        loop->validation_accuracy = loop->work->validate(loop->of);
    return STP_OK;
}
