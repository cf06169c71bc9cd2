/* What a person types, of which no buffer of a library keeps a copy. Blocks; main thread of a command. */
#ifndef CMD_PROMPT_H
#define CMD_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

/* The next line of standard input, without its end; may be "". False: there is none, or it is longer than cap - 1
 * (then out is wiped). The last one may lack its newline. */
bool prompt_line(char *out, size_t cap);
/* The same, asked for on a terminal. Secret: without echo. Whatever signal comes meanwhile, the terminal is as before
 * when it takes effect; after a stop the question is asked again. */
bool prompt_name(const char *prompt, char *out, size_t cap);
bool prompt_secret(const char *prompt, char *out, size_t cap);

#endif
