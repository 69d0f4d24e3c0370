// Fetching the next chunk while the present one is multiplied. Tensors of a step lie in the third-level cache
// or beyond, and without help the products wait for memory as long as they compute. A few lines are asked for
// at every step of a tile (before it what the steps cannot: all of them, where vectors are short:
// conv_panel.h), so that the fill buffers never stop the products, and in the order of memory, so that the
// processor's own prefetcher goes along.
#ifndef STP_KERNEL_LANES_CONV_AGENDA_H
#define STP_KERNEL_LANES_CONV_AGENDA_H

#include "kernel/lanes/conv_panel.h"

enum { CACHE_LINE = 64 };

// Where a chunk lies in a tensor: its first pixel, and the ways from there, all in bytes.
typedef struct conv_agenda_view {
    uintptr_t at;
    ptrdiff_t row, chan, column;
    int channels;
} conv_agenda_view;

typedef struct conv_agenda {
    conv_agenda_view view[4];
    int views;              // what there is to fetch,
    ptrdiff_t total, steps; // how many lines in how many steps of tiles,
    int places, streams;    // and so at each step: at most, and as it comes
    conv_chunk chunk;
    // How far it is fetched: a piece is what a chunk has of one row of the map, and a run are lines of a
    // piece at equal distances.
    int at_view, at_pixel, at_channel;
    uintptr_t run, hot;
    ptrdiff_t step, lines;
} conv_agenda;

// hot: memory that is in the first-level cache, for those who ask when all is fetched. places: a step that
// are reckoned with, of those that a tile has (a gradient of the data alone has three and reckons with two,
// by measurement).
LANE_INLINE void conv_agenda_begin(conv_agenda *agenda, const conv_chunk *next, const stp_real *hot,
                                   int places) {
    agenda->views = agenda->at_view = agenda->at_pixel = agenda->at_channel = agenda->lines = 0;
    agenda->chunk = *next;
    agenda->hot = (uintptr_t)hot;
    agenda->places = places;
}

// Another tensor to fetch: pixel (h, w) of the chunk lies at places (h, w) * stride - pad.
LANE_INLINE void conv_agenda_add(conv_agenda *agenda, const stp_window *window, stp_view view) {
    const conv_chunk *chunk = &agenda->chunk;
    int s_h = window ? window->stride_h : 1, s_w = window ? window->stride_w : 1;
    int h = chunk->h * s_h - (window ? window->pad_top : 0);
    int w = chunk->w * s_w - (window ? window->pad_left : 0);
    ptrdiff_t real = sizeof(stp_real), first = (h * view.row + (ptrdiff_t)w * LANES) * real;
    if (chunk->count)
        agenda->view[agenda->views++] =
            (conv_agenda_view){(uintptr_t)view.p + (uintptr_t)first, s_h * view.row * real, view.chan * real,
                               s_w * LANES * real, view.c};
}

// The work that hides it: so many steps, of the tiles that do not make their panel themselves.
LANE_INLINE void conv_agenda_spread(conv_agenda *agenda, int steps) {
    ptrdiff_t bytes = 0;
    for (int i = 0; i < agenda->views; i++)
        bytes +=
            (ptrdiff_t)agenda->view[i].channels * agenda->chunk.count * LANES * (ptrdiff_t)sizeof(stp_real);
    agenda->total = bytes / CACHE_LINE;
    agenda->steps = steps > 0 ? steps : 1;
    agenda->streams = agenda->places && agenda->total <= agenda->steps ? 1 : agenda->places;
}

// The next run, all channels of a piece in one where they follow each other closely.
static inline void conv_agenda_next(conv_agenda *agenda) {
    const conv_chunk *chunk = &agenda->chunk;
    const conv_agenda_view *view = &agenda->view[agenda->at_view];
    int w = agenda->at_pixel ? 0 : chunk->w, left = chunk->count - agenda->at_pixel;
    int piece = chunk->width - w < left ? chunk->width - w : left;
    int row = (chunk->w + agenda->at_pixel) / chunk->width;
    ptrdiff_t bytes = piece * view->column;
    agenda->run = view->at + (uintptr_t)(row * view->row - (row ? chunk->w * view->column : 0));
    if (view->chan * 3 <= bytes * 4) {
        bytes = view->channels * view->chan;
        agenda->at_channel = view->channels;
    } else
        agenda->run += (uintptr_t)(agenda->at_channel++ * view->chan);
    agenda->step = view->column > CACHE_LINE ? view->column : CACHE_LINE;
    agenda->lines = (bytes + agenda->step - 1) / agenda->step;
    if (agenda->at_channel < view->channels)
        return;
    agenda->at_channel = 0;
    agenda->at_pixel += piece;
    if (agenda->at_pixel < chunk->count)
        return;
    agenda->at_pixel = 0;
    agenda->at_view++;
}

// What a tile of so many steps is to fetch. Runs that are too short for a tile are fetched at once, and so is
// what its steps have no room for.
static inline conv_ahead conv_agenda_take(conv_agenda *agenda, int steps) {
    conv_ahead ahead = {.step = 0};
    for (int i = 0; i < AHEAD_PLACES; i++)
        ahead.at[i] = agenda->hot;
    if (!steps)
        return ahead;
    const ptrdiff_t room = (ptrdiff_t)agenda->streams * steps;
    for (ptrdiff_t share = steps * agenda->total / agenda->steps + 1; share > 0;) {
        if (agenda->lines <= 0) {
            if (agenda->at_view == agenda->views)
                return ahead;
            conv_agenda_next(agenda);
        }
        if (share <= room && agenda->lines * 2 > steps)
            break; // the tile's own steps will do; what they ask for past the end does no harm
        ptrdiff_t now = share > room ? share - room : share;
        now = agenda->lines < now ? agenda->lines : now;
        share -= now;
        agenda->lines -= now;
        for (; now > 0; now--, agenda->run += (uintptr_t)agenda->step)
            __builtin_prefetch((const void *)agenda->run, 0, 2);
    }
    if (!agenda->places || agenda->lines <= 0)
        return ahead;
    ahead.step = (uintptr_t)agenda->step;
    for (int i = 0; i < AHEAD_PLACES; i++) {
        ahead.at[i] = agenda->run; // of a place that is not needed: what the next tile will ask for
        if (i >= agenda->streams)
            continue;
        agenda->run += (uintptr_t)(steps * agenda->step);
        agenda->lines -= steps;
    }
    return ahead;
}

#endif
