/* `sallyport crypto eap credentials PROFILE`: asks a person for user name and password, and gives them to the running
 * daemon. */
#ifndef CMD_CREDENTIALS_H
#define CMD_CREDENTIALS_H

/* argv[0] is "crypto"; what is not about EAP goes to client_main(). Exit code: 0 connected, or kept for the next
 * login; 1 refused, or not connected; 2 usage. */
int crypto_main(int argc, char **argv);

#endif
