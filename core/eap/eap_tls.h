/* EAP-TLS (RFC 5216; RFC 9190 for TLS 1.3), both roles: rows for the table in methods.c.
 *
 *   peer                                server
 *                              <-  Start
 *   ClientHello                ->
 *                              <-  ServerHello .. Finished
 *   Certificate .. Finished    ->
 *                              <-  Finished (1.2) or the byte 0x00, protected (1.3)
 *   (empty)                    ->
 *                              <-  EAP-Success
 *
 * The server demands a certificate. The user is called by it: the name in it that the EAP identity means
 * (login_name.h). When none does the login is refused with ST_EAP_NAME, so that nobody gets the address or
 * the rights of another by naming them in the EAP identity. */
#ifndef CORE_EAP_EAP_TLS_H
#define CORE_EAP_EAP_TLS_H

#include "core/eap/method.h"

extern const struct eap_method eap_tls_server;
extern const struct eap_method eap_tls_peer;

#endif
