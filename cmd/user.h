/* `sallyport user`: local users. Reads the password here, makes the verifiers, and hands them to the daemon;
 * writes secrets.db itself when no daemon runs. */
#ifndef CMD_USER_H
#define CMD_USER_H

int user_main(int argc, char **argv);

#endif
