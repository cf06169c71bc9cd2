/* THE list of ways to end; status.h says what is made of it. */
#ifndef CORE_BASE_STATUS_LIST_H
#define CORE_BASE_STATUS_LIST_H

/*  X(NAME, token, ike_notify (0 = none), words) */
#define STATUS_LIST(X) \
	X(OK, "ok", 0, "done") \
	X(PENDING, "pending", 0, "waiting for an answer") \
	X(NOMEM, "no_memory", 0, "out of memory") \
	X(AGAIN, "again", 0, "busy, try again") \
	X(INTERNAL, "internal", 0, "internal error") \
	X(TIMEOUT, "timeout", 0, "no answer in time") \
	X(CANCELLED, "cancelled", 0, "cancelled") \
	X(NOT_FOUND, "not_found", 0, "not found") \
	X(EXISTS, "exists", 0, "already exists") \
	X(LIMIT, "limit", 0, "a configured limit was reached") \
	X(IO, "io", 0, "input or output failed") \
	X(CONFIG, "config", 0, "the configuration does not allow it") \
	/* reading a datagram */ \
	X(TRUNCATED, "truncated", 0, "message shorter than its length fields say") \
	X(TRAILING, "trailing_bytes", 0, "bytes after the end of the message") \
	X(BAD_VERSION, "bad_version", 5, "IKE major version not 2") \
	X(BAD_LENGTH, "bad_length", 7, "a length field is wrong") \
	X(BAD_PAYLOAD, "bad_payload", 7, "a payload is malformed") \
	X(BAD_EXCHANGE, "bad_exchange", 7, "payloads not allowed in this exchange") \
	X(CRITICAL, "unsupported_critical", 1, "critical payload of unknown type") \
	X(BAD_SPI, "bad_ike_spi", 4, "no IKE SA with these SPIs") \
	X(BAD_MSGID, "bad_message_id", 9, "message ID outside the window") \
	X(BAD_STATE, "bad_state", 0, "message not expected in this state") \
	X(NOT_AUTHENTIC, "not_authentic", 0, "integrity check of the message failed") \
	X(NAT_MARKER, "bad_marker", 0, "port 4500 datagram is neither IKE nor ESP") \
	X(LINK_LOCAL, "link_local", 0, "link-local peers cannot be answered") \
	X(BAD_FRAGMENT, "bad_fragment", 0, "fragment malformed, or not of the message it claims to be of") \
	X(FRAGMENT_LIMIT, "fragment_limit", 0, "message of too many fragments or bytes") \
	X(FRAGMENT_TIMEOUT, "fragment_timeout", 0, "the rest of a fragmented message did not come") \
	/* IKE_SA_INIT */ \
	X(COOKIE_WANTED, "cookie_wanted", 16390, "cookie demanded from the peer") \
	X(BAD_COOKIE, "bad_cookie", 0, "cookie does not verify") \
	X(HALF_OPEN_LIMIT, "half_open_limit", 0, "too many negotiations in progress") \
	X(HALF_OPEN_SOURCE, "half_open_source", 0, "too many negotiations from this address") \
	X(SA_LIMIT, "sa_limit", 35, "limit of established IKE SAs reached") \
	X(NO_POLICY, "no_policy", 14, "no IKEv2 policy for this local address and VRF") \
	X(NO_PROPOSAL, "no_proposal", 14, "no common IKE proposal") \
	X(INVALID_KE, "invalid_ke", 17, "key exchange group not the selected one") \
	X(BAD_KE, "bad_ke", 7, "key exchange value invalid") \
	X(TICKET_BAD, "ticket_bad", 24, "ticket is not ours, altered, or of a key that is gone") \
	X(TICKET_EXPIRED, "ticket_expired", 24, "ticket has expired") \
	X(TICKET_REVOKED, "ticket_revoked", 24, "ticket was used, or its session was ended") \
	X(COOKIE_LOOP, "cookie_loop", 0, "peer kept asking for cookies or other groups") \
	/* IKE_AUTH */ \
	X(NO_PROFILE, "no_profile", 24, "no IKEv2 profile matches the peer") \
	X(PROFILE_AMBIGUOUS, "profile_ambiguous", 24, "more than one IKEv2 profile matches the peer") \
	X(PROFILE_SHUTDOWN, "profile_shutdown", 24, "the matching profile is shut down") \
	X(NO_KEY, "no_key", 24, "no pre-shared key for the peer") \
	X(AUTH_METHOD, "auth_method", 24, "authentication method not allowed by the profile") \
	X(AUTH_FAILED, "auth_failed", 24, "authentication failed (wrong key or identity)") \
	X(NO_CERT, "no_certificate", 24, "a signature without a certificate, or no certificate to sign with") \
	X(PPK_REQUIRED, "ppk_required", 24, "no post-quantum key was used, and one is required") \
	X(PPK_UNKNOWN, "ppk_unknown", 24, "no post-quantum key by the peer's ID") \
	X(PEER_REFUSED, "peer_refused", 0, "the peer refused") \
	X(EAP_MALFORMED, "eap_malformed", 24, "EAP packet malformed") \
	X(EAP_UNEXPECTED, "eap_unexpected", 24, "EAP packet that is no answer to what was asked") \
	X(EAP_EARLY, "eap_early_success", 24, "EAP-Success before the method was through") \
	X(EAP_NO_METHOD, "eap_no_method", 24, "no EAP method that both sides accept") \
	X(EAP_ROUNDS, "eap_rounds", 24, "EAP did not come to an end") \
	X(EAP_IDENTITY, "eap_identity", 24, "no usable EAP identity") \
	X(USER_UNKNOWN, "user_unknown", 24, "no such user") \
	X(USER_LOCKED, "user_locked", 24, "user locked after too many failures") \
	X(USER_VERIFIER, "user_no_verifier", 24, "the user has no password stored in the form that this method needs") \
	X(WRONG_PASSWORD, "wrong_password", 24, "wrong password") \
	X(WRONG_CODE, "wrong_code", 24, "wrong or used one-time code") \
	X(NO_PASSWORD, "no_password", 0, "no user name and password for the gateway") \
	X(NOT_AUTHORIZED, "not_authorized", 24, "authorization refused") \
	X(RADIUS_NONE, "radius_no_server", 24, "no RADIUS server is configured for it") \
	X(RADIUS_TIMEOUT, "radius_timeout", 24, "no RADIUS server answered in time") \
	X(RADIUS_REJECT, "radius_reject", 24, "the RADIUS server refused") \
	X(RADIUS_REPLY, "radius_bad_reply", 24, "the RADIUS server's answer cannot be used") \
	X(NAME_MANGLER, "name_mangler", 24, "the name mangler finds no name in the identity") \
	X(LOGIN_LIMIT, "login_limit", 24, "the user has as many sessions as are allowed") \
	X(QUOTA_USED, "quota_used", 24, "the user has used up the volume that is allowed in this time") \
	X(DRAINING, "draining", 24, "no new sessions: the headend is being emptied") \
	X(RECONNECT_BAD, "reconnect_bad_token", 24, "session token is not ours, or altered") \
	X(RECONNECT_OVER, "reconnect_expired", 24, "session of the token has ended") \
	X(HOOK_REFUSED, "script_refused", 24, "refused by a script") \
	X(HOOK_FAILED, "script_failed", 24, "a script failed, and the configuration refuses then") \
	X(NO_ADDRESS, "no_address", 36, "no address could be assigned") \
	X(POOL_EXHAUSTED, "pool_exhausted", 36, "address pool exhausted") \
	X(DHCP_TIMEOUT, "dhcp_timeout", 36, "the DHCP server did not answer in time") \
	X(DHCP_REFUSED, "dhcp_refused", 36, "the DHCP server gave no address") \
	X(FAILED_CP, "failed_cp_required", 37, "the peer must ask for an address") \
	X(NO_CHILD_PROPOSAL, "no_child_proposal", 14, "no common ESP proposal") \
	X(TS_UNACCEPTABLE, "ts_unacceptable", 38, "traffic selectors not acceptable") \
	X(NO_ADDITIONAL_SAS, "no_additional_sas", 35, "no additional SAs accepted") \
	X(TEMPORARY, "temporary_failure", 43, "not now: another exchange about the same SA is under way") \
	X(NO_CHILD, "child_not_found", 44, "no child SA with this SPI") \
	/* certificates */ \
	X(BAD_CERT, "bad_certificate", 24, "a certificate is malformed") \
	X(WEAK_KEY, "weak_key", 24, "a public key is too weak or degenerate") \
	X(CERT_ALGORITHM, "certificate_algorithm", 24, "a public key of an unknown kind") \
	X(SIG_ALGORITHM, "signature_algorithm", 24, "a signature algorithm that is not accepted") \
	X(BAD_SIGNATURE, "bad_signature", 24, "a signature does not verify") \
	X(CERT_UNTRUSTED, "certificate_untrusted", 24, "certificate not issued by a trusted authority") \
	X(CERT_EXPIRED, "certificate_expired", 24, "certificate has expired") \
	X(CERT_NOT_YET, "certificate_not_yet", 24, "certificate is not valid yet") \
	X(CERT_NOT_CA, "certificate_not_ca", 24, "issued by a certificate that is no authority") \
	X(CERT_PATH_LENGTH, "certificate_path", 24, "more authorities in the path than one of them allows") \
	X(CERT_CONSTRAINT, "certificate_constraint", 24, "a name that the authority may not certify") \
	X(CERT_USAGE, "certificate_usage", 24, "key usage does not allow it") \
	X(CERT_PURPOSE, "certificate_purpose", 24, "extended key usage does not allow it") \
	X(CERT_CRITICAL, "certificate_critical", 24, "unknown critical extension in a certificate") \
	X(CERT_IDENTITY, "certificate_identity", 24, "certificate is not for the claimed identity") \
	X(CERT_REVOKED, "certificate_revoked", 24, "certificate has been revoked") \
	X(CERT_MAP, "certificate_map", 24, "certificate does not meet the maps of its trustpoint") \
	X(CERT_LIMIT, "certificate_limit", 24, "too many certificates, or too long ones") \
	X(REVOCATION_UNKNOWN, "revocation_unknown", 24, "cannot find out whether the certificate is revoked") \
	X(BAD_REVOCATION, "bad_revocation_data", 0, "CRL or OCSP response malformed, or of a kind not supported") \
	X(REVOCATION_STALE, "revocation_stale", 0, "CRL or OCSP response out of date") \
	X(REVOCATION_SIGNER, "revocation_signer", 0, "CRL or OCSP response not signed by the issuer") \
	X(REVOCATION_REFUSED, "revocation_refused", 0, "OCSP responder does not answer the question") \
	X(NO_PRIVATE_KEY, "no_private_key", 0, "not a private key that can be used") \
	X(BAD_CMS, "bad_cms", 24, "a CMS message is malformed") \
	X(STORE, "store", 0, "the session could not be stored") \
	X(INSTALL, "install", 0, "the data path refused the SA") \
	X(REDIRECT_REFUSED, "redirect_refused", 0, "a redirect that is not ours to follow") \
	X(REDIRECT_LOOP, "redirect_loop", 0, "redirected too often") \
	/* TLS and the EAP methods that stand on it */ \
	X(TLS, "tls_failed", 24, "TLS handshake or record failed") \
	X(TLS_ALERT, "tls_alert", 24, "the peer refused with a TLS alert") \
	X(TLS_CLOSED, "tls_closed", 24, "the peer closed the TLS connection") \
	X(TLS_FRAGMENT, "tls_fragment", 24, "fragments of an EAP message over TLS do not fit together") \
	X(EAP_NAME, "eap_name", 24, "the user is not the one the certificate or the EAP identity names") \
	/* why a session or SA ended */ \
	X(END_PEER, "peer_delete", 0, "deleted by the peer") \
	X(END_ADMIN, "admin_clear", 0, "cleared by the operator") \
	X(END_DPD, "dpd", 0, "peer does not answer") \
	X(END_LIFETIME, "lifetime", 0, "lifetime expired") \
	X(END_REPLACED, "replaced", 0, "replaced by a newer connection of the same peer") \
	X(END_SHUTDOWN, "shutdown", 0, "the headend was stopped") \
	X(END_LOST, "lost", 0, "state lost with a restart") \
	X(END_REKEYED, "rekeyed", 0, "replaced by rekeying") \
	X(END_REDUNDANT, "redundant", 0, "both sides rekeyed at once and this one lost") \
	X(END_CONFIG, "config_change", 0, "configuration changed") \
	X(REDIRECTED, "redirected", 0, "redirected to another gateway") \
	X(END_CRASHED, "peer_restarted", 0, "the peer lost the SA, as its token proves") \
	X(END_RESUMED, "resumed", 0, "the peer resumed the session with its ticket") \
	X(END_IDLE, "idle", 0, "no data within the idle time") \
	X(END_SESSION_TIMEOUT, "session_timeout", 0, "the longest time of a session is over") \
	X(END_NOT_RESUMED, "not_resumed", 0, "the client did not come back in time") \
	X(END_LOGIN_LIMIT, "newer_login", 0, "replaced by a newer login of the same user") \
	X(END_QUOTA, "quota", 0, "the volume that is allowed is used up") \
	X(END_DISCONNECT, "disconnect_request", 0, "ended by a RADIUS Disconnect-Request") \
	X(END_UNAUTHORIZED, "authorization_refused", 0, "a RADIUS server does not let the session go on") \
	/* change of authorization */ \
	X(COA_CLIENT, "coa_unknown_client", 0, "CoA or Disconnect from an address that is no client") \
	X(COA_AUTH, "coa_bad_authenticator", 0, "CoA or Disconnect that is not signed with the client's key") \
	X(COA_OLD, "coa_old", 0, "CoA or Disconnect of another time") \
	X(COA_MALFORMED, "coa_malformed", 0, "datagram of a CoA client that is neither CoA nor Disconnect") \
	/* MOBIKE */ \
	X(UNEXPECTED_NAT, "unexpected_nat", 41, "a NAT on the way, and the peer forbids NATs") \
	X(UNACCEPTABLE_ADDRESSES, "unacceptable_addresses", 40, "the peer does not accept our new address") \
	X(BAD_COOKIE2, "bad_cookie2", 0, "the peer's answer does not prove where it is") \
	X(END_REAUTH, "reauthenticated", 0, "the peer has authenticated again") \
	X(END_NOT_REAUTH, "not_reauthenticated", 0, "the peer did not authenticate again in time") \
	/* data path */ \
	X(ESP_SHORT, "esp_short", 0, "ESP packet too short") \
	X(ESP_NO_SA, "esp_no_sa", 11, "ESP packet with unknown SPI") \
	X(ESP_REPLAY, "esp_replay", 0, "sequence number replayed or too old") \
	X(ESP_AUTH, "esp_auth", 0, "ESP integrity check failed") \
	X(ESP_PAD, "esp_pad", 0, "ESP padding or next header wrong") \
	X(ESP_SOURCE, "esp_source", 0, "inner source address not assigned to this session") \
	X(ESP_SELECTOR, "esp_selector", 39, "inner packet outside the traffic selectors") \
	X(ESP_MALFORMED, "esp_malformed", 0, "inner packet malformed") \
	X(ESP_SEQ_END, "esp_seq_end", 0, "outbound sequence numbers used up") \
	X(ESP_TOO_BIG, "esp_too_big", 0, "packet larger than the tunnel allows") \
	X(ESP_MULTICAST, "esp_multicast", 0, "multicast or broadcast of a client, which is not permitted") \
	X(DHCP_OTHER, "dhcp_other", 0, "DHCP of a client that is not answered: no DHCPINFORM of its own, or too many") \
	X(ESP_ECN, "esp_ecn", 0, "congestion marked on the way, and the inner packet cannot carry the mark") \
	X(ESP_PORT, "esp_wrong_vrf", 0, "ESP packet arrived in the wrong VRF") \
	X(OUT_NO_ROUTE, "out_no_route", 0, "no session for the destination") \
	X(OUT_MULTICAST, "out_multicast", 0, "multicast or broadcast, which no session takes") \
	X(OUT_HAIRPIN, "out_client_to_client", 0, "client to client traffic is not permitted") \
	X(OUT_SELECTOR, "out_selector", 0, "outbound packet outside the traffic selectors") \
	X(OUT_REDIRECT, "out_redirect", 0, "ICMP redirect kept out of a tunnel") \
	X(OUT_SEND, "out_send", 0, "sending failed") \
	X(TUN_WRITE, "tun_write", 0, "write to the tunnel device failed") \
	X(RING_FULL, "ring_full", 0, "a worker's queue was full") \
	/* what a session may send */ \
	X(ESP_ACL, "esp_acl", 0, "packet of a client denied by its input access list") \
	X(OUT_ACL, "out_acl", 0, "packet to a client denied by its output access list") \
	X(ESP_RATE, "esp_rate", 0, "packet of a client above its input rate") \
	X(OUT_RATE, "out_rate", 0, "packet to a client above its output rate") \
	X(OUT_QUEUE, "out_queue", 0, "packet without priority dropped, because too many waited before it")

#endif
