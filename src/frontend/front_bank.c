#include "frontend/front_bank.h"

#include "frontend/front_lanes.h"
#include "frontend/front_tables.h"

#include <string.h>

typedef struct front_entry {
    stp_front_spec spec;
    stapes_front_config config;
    int frames;
    int family, mel; // where its bands come from
    int every;       // hop as a multiple of the family's
} front_entry;

// Front-ends that share log mel energies: filters and band edges are the same.
typedef struct mel_group {
    int family;
    int entry; // one of them, for the tables
} mel_group;

// Front-ends that share spectra: one window, and hops that are multiples of the smallest.
typedef struct front_family {
    int window_samples, hop_samples;
    int frames;
    int entry; // one of them, for the tables
} front_family;

struct stp_front_bank {
    stp_arena *arena;
    const stp_front_lanes *lanes;
    int clip_samples;
    int count, mels, families;
    front_entry entries[STP_FRONT_MAX];
    mel_group mel_groups[STP_FRONT_MAX];
    front_family family_list[STP_FRONT_MAX];
};

// Working memory of one extraction, in vectors.
typedef struct front_scratch {
    float *signal, *spectrum, *bands, *folded, *cepstra;
} front_scratch;

static int same_mel(const stp_front_spec *a, const stp_front_spec *b) {
    return a->filters == b->filters && a->rate_hz == b->rate_hz && a->low_hz == b->low_hz &&
           a->high_hz == b->high_hz;
}

// The family an entry belongs to. Entries come by ascending hop, so a family's hop is its smallest.
static int find_family(stp_front_bank *bank, int index) {
    const stp_front_spec *spec = &bank->entries[index].spec;
    for (int i = 0; i < bank->families; i++)
        if (bank->family_list[i].window_samples == spec->window_samples &&
            spec->hop_samples % bank->family_list[i].hop_samples == 0)
            return i;
    bank->family_list[bank->families] = (front_family){
        .window_samples = spec->window_samples, .hop_samples = spec->hop_samples, .entry = index};
    return bank->families++;
}

static int find_mel(stp_front_bank *bank, int index) {
    const front_entry *entry = &bank->entries[index];
    for (int i = 0; i < bank->mels; i++)
        if (bank->mel_groups[i].family == entry->family &&
            same_mel(&bank->entries[bank->mel_groups[i].entry].spec, &entry->spec))
            return i;
    bank->mel_groups[bank->mels] = (mel_group){.family = entry->family, .entry = index};
    return bank->mels++;
}

static void plan_entry(stp_front_bank *bank, int index) {
    front_entry *entry = &bank->entries[index];
    entry->family = find_family(bank, index);
    front_family *family = &bank->family_list[entry->family];
    entry->every = entry->spec.hop_samples / family->hop_samples;
    int frames = (entry->frames - 1) * entry->every + 1;
    if (frames > family->frames)
        family->frames = frames;
    entry->mel = find_mel(bank, index);
}

static void plan(stp_front_bank *bank) {
    int order[STP_FRONT_MAX];
    for (int i = 0; i < bank->count; i++) { // insertion by hop
        int at = i;
        for (; at > 0 && bank->entries[order[at - 1]].spec.hop_samples > bank->entries[i].spec.hop_samples;
             at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (int i = 0; i < bank->count; i++)
        plan_entry(bank, order[i]);
}

static stp_status add_entry(stp_front_bank *bank, const stp_front_spec *spec, stp_err *err) {
    front_entry *entry = &bank->entries[bank->count];
    entry->spec = *spec;
    entry->frames = stp_front_spec_frames(spec, bank->clip_samples);
    if (entry->frames < 1)
        return stp_err_set(
            err, STP_ERR_USAGE,
            "front-end window of %d samples is longer than a clip of %d; give a shorter window "
            "or longer clips (--clip-ms)",
            spec->window_samples, bank->clip_samples);
    STP_TRY(stp_front_tables_make(&entry->config, spec, bank->arena, err));
    bank->count++;
    return STP_OK;
}

stp_status stp_front_bank_create(stp_front_bank **out, const stp_front_spec *specs, int count,
                                 int clip_samples, stp_err *err) {
    *out = NULL;
    if (count < 1 || count > STP_FRONT_MAX)
        return stp_err_set(err, STP_ERR_USAGE, "%d front-ends; give 1 to %d", count, STP_FRONT_MAX);
    stp_arena *arena = stp_arena_create();
    stp_front_bank *bank = arena ? stp_arena_alloc(arena, sizeof *bank) : NULL;
    if (!bank) {
        stp_arena_destroy(arena);
        return stp_err_memory(err, "the front-ends", sizeof *bank);
    }
    bank->arena = arena;
    bank->lanes = stp_front_lanes_current();
    bank->clip_samples = clip_samples;
    for (int i = 0; i < count; i++) {
        stp_status status = add_entry(bank, &specs[i], err);
        if (status != STP_OK) {
            stp_arena_destroy(arena);
            return status;
        }
    }
    plan(bank);
    *out = bank;
    return STP_OK;
}

void stp_front_bank_destroy(stp_front_bank *bank) {
    if (bank)
        stp_arena_destroy(bank->arena);
}

int stp_front_bank_count(const stp_front_bank *bank) {
    return bank->count;
}
const stp_front_spec *stp_front_bank_spec(const stp_front_bank *bank, int index) {
    return &bank->entries[index].spec;
}
int stp_front_bank_frames(const stp_front_bank *bank, int index) {
    return bank->entries[index].frames;
}
int stp_front_bank_lanes(const stp_front_bank *bank) {
    return bank->lanes->lanes;
}
const stapes_front_config *stp_front_bank_config(const stp_front_bank *bank, int index) {
    return &bank->entries[index].config;
}

// The norm's tables are the bank's own arena memory; the configuration shows them read-only, as flash is.
void stp_front_bank_set_norm(stp_front_bank *bank, int index, const float *mean, const float *inv_deviation) {
    const stapes_front_config *config = &bank->entries[index].config;
    size_t bytes = sizeof(float) * (size_t)config->coefficients;
    memcpy((float *)config->mean, mean, bytes);
    memcpy((float *)config->inv_deviation, inv_deviation, bytes);
}

void stp_front_bank_get_norm(const stp_front_bank *bank, int index, float *mean, float *inv_deviation) {
    const stapes_front_config *config = &bank->entries[index].config;
    size_t bytes = sizeof(float) * (size_t)config->coefficients;
    memcpy(mean, config->mean, bytes);
    memcpy(inv_deviation, config->inv_deviation, bytes);
}

// Lays the working memory out from `memory` (NULL to measure); returns its size in bytes.
static size_t lay_out(const stp_front_bank *bank, float *memory, front_scratch *scratch) {
    size_t lanes = (size_t)bank->lanes->lanes, at = 0;
    const size_t vectors[5] = {(size_t)bank->clip_samples, STAPES_FRONT_MAX_FFT, STAPES_FRONT_MAX_FILTERS,
                               STAPES_FRONT_MAX_FILTERS, STAPES_FRONT_MAX_FILTERS};
    float **parts[5] = {&scratch->signal, &scratch->spectrum, &scratch->bands, &scratch->folded,
                        &scratch->cepstra};
    for (int i = 0; i < 5; i++) {
        if (memory)
            *parts[i] = memory + at;
        at += vectors[i] * lanes;
    }
    return at * sizeof(float);
}

size_t stp_front_bank_scratch_bytes(const stp_front_bank *bank) {
    front_scratch scratch;
    return lay_out(bank, NULL, &scratch);
}

// Whether spec i is wanted and has a row at this frame of its family.
static int is_due(const front_entry *entry, const float *out, int frame) {
    return out && frame % entry->every == 0 && frame / entry->every < entry->frames;
}

// All rows of one mel group at one frame of its family. The spectrum was taken before.
static void extract_mel(const stp_front_bank *bank, int mel, int frame, float *const *out,
                        const front_scratch *scratch) {
    const stapes_front_config *widest = NULL; // shorter cepstra are a beginning of the longest
    int due[STP_FRONT_MAX], dues = 0;
    for (int i = 0; i < bank->count; i++) {
        const front_entry *entry = &bank->entries[i];
        if (entry->mel != mel || !is_due(entry, out[i], frame))
            continue;
        due[dues++] = i;
        if (entry->config.cepstra && (!widest || entry->config.coefficients > widest->coefficients))
            widest = &entry->config;
    }
    if (dues == 0)
        return;
    bank->lanes->bands(&bank->entries[due[0]].config, scratch->spectrum, scratch->bands);
    if (widest)
        bank->lanes->cepstra(widest, scratch->bands, scratch->folded, scratch->cepstra);
    for (int d = 0; d < dues; d++) {
        const front_entry *entry = &bank->entries[due[d]];
        size_t row = (size_t)(frame / entry->every) * (size_t)entry->config.coefficients;
        bank->lanes->normalise(&entry->config, entry->config.cepstra ? scratch->cepstra : scratch->bands,
                               out[due[d]] + row * (size_t)bank->lanes->lanes);
    }
}

static void extract_frame(const stp_front_bank *bank, int family_index, int frame, float *const *out,
                          const front_scratch *scratch) {
    const front_family *family = &bank->family_list[family_index];
    int any = 0;
    for (int i = 0; i < bank->count; i++)
        any |= bank->entries[i].family == family_index && is_due(&bank->entries[i], out[i], frame);
    if (!any)
        return;
    size_t start = (size_t)frame * (size_t)family->hop_samples * (size_t)bank->lanes->lanes;
    bank->lanes->spectrum(&bank->entries[family->entry].config, scratch->signal + start, scratch->spectrum);
    for (int mel = 0; mel < bank->mels; mel++)
        if (bank->mel_groups[mel].family == family_index)
            extract_mel(bank, mel, frame, out, scratch);
}

void stp_front_bank_extract(const stp_front_bank *bank, const int16_t *const *clips, float *const *out,
                            void *memory) {
    front_scratch scratch;
    lay_out(bank, memory, &scratch);
    bank->lanes->transpose(clips, bank->clip_samples, scratch.signal);
    for (int family = 0; family < bank->families; family++)
        for (int frame = 0; frame < bank->family_list[family].frames; frame++)
            extract_frame(bank, family, frame, out, &scratch);
}

stp_status stp_front_scalar(const stp_front_bank *bank, int index, const int16_t *clip, float *out,
                            stp_err *err) {
    const front_entry *entry = &bank->entries[index];
    size_t bytes = stapes_front_memory_bytes(&entry->config);
    void *memory = stp_alloc(bytes);
    if (!memory)
        return stp_err_memory(err, "a front-end", bytes);
    stapes_front front;
    stapes_front_status status = stapes_front_init(&front, &entry->config, memory, bytes);
    for (int f = 0; status == STAPES_FRONT_OK && f < entry->frames; f++)
        stapes_front_frame(&front, clip + (size_t)f * (size_t)entry->spec.hop_samples,
                           out + (size_t)f * (size_t)entry->spec.coefficients);
    stp_free(memory);
    if (status != STAPES_FRONT_OK)
        return stp_err_set(err, STP_ERR_MISMATCH,
                           "front-end %d of the bank: its tables fail the device's check (status %d)", index,
                           (int)status);
    return STP_OK;
}
