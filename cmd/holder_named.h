/* What main may not choose because only root writes the configuration file: it must stand there. */
#ifndef CMD_HOLDER_NAMED_H
#define CMD_HOLDER_NAMED_H

#include <stdbool.h>

/* Does value stand as a word behind `word` in this copy of the configuration (-1: there is none)? Comments
 * count too: that is a wider answer, and still root's. */
bool config_names(int config, const char *word, const char *value);

#endif
