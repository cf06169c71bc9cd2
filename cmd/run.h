/* `sallyport run`: reads the options, becomes the holder; and the same words with --as-main, by which
 * the holder starts main. */
#ifndef CMD_RUN_H
#define CMD_RUN_H

#define CONFIG_DEFAULT "/etc/sallyport/sallyport.conf"
#define STATE_DEFAULT "/var/lib/sallyport"

int run_main(int argc, char **argv); /* exit code; argv[0] is "run" */

#endif
