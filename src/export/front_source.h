// The tables of a front-end as C source.
#ifndef STP_EXPORT_FRONT_SOURCE_H
#define STP_EXPORT_FRONT_SOURCE_H

#include "base/text.h"
#include "front/front.h"

// Static arrays called <name>_window and so on, then "static const stapes_front_config <name> = {..};". The
// source needs front/front.h included before.
void stp_front_source(stp_text *text, const stapes_front_config *config, const char *name);

#endif
