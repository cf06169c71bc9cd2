/* Numbers of RADIUS: codes, attributes (IANA radius-types), values, vendors. */
#ifndef CORE_WIRE_RADIUS_TYPES_H
#define CORE_WIRE_RADIUS_TYPES_H

enum radius_code {
	RADIUS_ACCESS_REQUEST = 1,
	RADIUS_ACCESS_ACCEPT = 2,
	RADIUS_ACCESS_REJECT = 3,
	RADIUS_ACCOUNTING_REQUEST = 4,
	RADIUS_ACCOUNTING_RESPONSE = 5,
	RADIUS_ACCESS_CHALLENGE = 11,
	RADIUS_STATUS_SERVER = 12,
	RADIUS_DISCONNECT_REQUEST = 40,
	RADIUS_DISCONNECT_ACK = 41,
	RADIUS_DISCONNECT_NAK = 42,
	RADIUS_COA_REQUEST = 43,
	RADIUS_COA_ACK = 44,
	RADIUS_COA_NAK = 45,
	RADIUS_PROTOCOL_ERROR = 52
};

/* clang-format off */
/*  X(NAME, number, name as RFCs write it) */
#define RADIUS_ATTR_LIST(X) \
	X(USER_NAME, 1, "User-Name") \
	X(USER_PASSWORD, 2, "User-Password") \
	X(CHAP_PASSWORD, 3, "CHAP-Password") \
	X(NAS_IP_ADDRESS, 4, "NAS-IP-Address") \
	X(NAS_PORT, 5, "NAS-Port") \
	X(SERVICE_TYPE, 6, "Service-Type") \
	X(FRAMED_PROTOCOL, 7, "Framed-Protocol") \
	X(FRAMED_IP_ADDRESS, 8, "Framed-IP-Address") \
	X(FRAMED_IP_NETMASK, 9, "Framed-IP-Netmask") \
	X(FILTER_ID, 11, "Filter-Id") \
	X(FRAMED_MTU, 12, "Framed-MTU") \
	X(REPLY_MESSAGE, 18, "Reply-Message") \
	X(FRAMED_ROUTE, 22, "Framed-Route") \
	X(STATE, 24, "State") \
	X(CLASS, 25, "Class") \
	X(VENDOR_SPECIFIC, 26, "Vendor-Specific") \
	X(SESSION_TIMEOUT, 27, "Session-Timeout") \
	X(IDLE_TIMEOUT, 28, "Idle-Timeout") \
	X(TERMINATION_ACTION, 29, "Termination-Action") \
	X(CALLED_STATION_ID, 30, "Called-Station-Id") \
	X(CALLING_STATION_ID, 31, "Calling-Station-Id") \
	X(NAS_IDENTIFIER, 32, "NAS-Identifier") \
	X(PROXY_STATE, 33, "Proxy-State") \
	X(ACCT_STATUS_TYPE, 40, "Acct-Status-Type") \
	X(ACCT_DELAY_TIME, 41, "Acct-Delay-Time") \
	X(ACCT_INPUT_OCTETS, 42, "Acct-Input-Octets") \
	X(ACCT_OUTPUT_OCTETS, 43, "Acct-Output-Octets") \
	X(ACCT_SESSION_ID, 44, "Acct-Session-Id") \
	X(ACCT_AUTHENTIC, 45, "Acct-Authentic") \
	X(ACCT_SESSION_TIME, 46, "Acct-Session-Time") \
	X(ACCT_INPUT_PACKETS, 47, "Acct-Input-Packets") \
	X(ACCT_OUTPUT_PACKETS, 48, "Acct-Output-Packets") \
	X(ACCT_TERMINATE_CAUSE, 49, "Acct-Terminate-Cause") \
	X(ACCT_MULTI_SESSION_ID, 50, "Acct-Multi-Session-Id") \
	X(ACCT_INPUT_GIGAWORDS, 52, "Acct-Input-Gigawords") \
	X(ACCT_OUTPUT_GIGAWORDS, 53, "Acct-Output-Gigawords") \
	X(EVENT_TIMESTAMP, 55, "Event-Timestamp") \
	X(CHAP_CHALLENGE, 60, "CHAP-Challenge") \
	X(NAS_PORT_TYPE, 61, "NAS-Port-Type") \
	X(TUNNEL_TYPE, 64, "Tunnel-Type") \
	X(TUNNEL_MEDIUM_TYPE, 65, "Tunnel-Medium-Type") \
	X(TUNNEL_CLIENT_ENDPOINT, 66, "Tunnel-Client-Endpoint") \
	X(TUNNEL_SERVER_ENDPOINT, 67, "Tunnel-Server-Endpoint") \
	X(TUNNEL_PASSWORD, 69, "Tunnel-Password") \
	X(CONNECT_INFO, 77, "Connect-Info") \
	X(EAP_MESSAGE, 79, "EAP-Message") \
	X(MESSAGE_AUTHENTICATOR, 80, "Message-Authenticator") \
	X(TUNNEL_PRIVATE_GROUP_ID, 81, "Tunnel-Private-Group-Id") \
	X(ACCT_INTERIM_INTERVAL, 85, "Acct-Interim-Interval") \
	X(NAS_PORT_ID, 87, "NAS-Port-Id") \
	X(FRAMED_POOL, 88, "Framed-Pool") \
	X(CUI, 89, "Chargeable-User-Identity") \
	X(NAS_FILTER_RULE, 92, "NAS-Filter-Rule") \
	X(NAS_IPV6_ADDRESS, 95, "NAS-IPv6-Address") \
	X(FRAMED_INTERFACE_ID, 96, "Framed-Interface-Id") \
	X(FRAMED_IPV6_PREFIX, 97, "Framed-IPv6-Prefix") \
	X(FRAMED_IPV6_ROUTE, 99, "Framed-IPv6-Route") \
	X(FRAMED_IPV6_POOL, 100, "Framed-IPv6-Pool") \
	X(ERROR_CAUSE, 101, "Error-Cause") \
	X(EAP_KEY_NAME, 102, "EAP-Key-Name") \
	X(DELEGATED_IPV6_PREFIX, 123, "Delegated-IPv6-Prefix") \
	X(FRAMED_IPV6_ADDRESS, 168, "Framed-IPv6-Address") \
	X(DNS_SERVER_IPV6_ADDRESS, 169, "DNS-Server-IPv6-Address") \
	X(ROUTE_IPV6_INFORMATION, 170, "Route-IPv6-Information") \
	X(DELEGATED_IPV6_PREFIX_POOL, 171, "Delegated-IPv6-Prefix-Pool") \
	X(STATEFUL_IPV6_ADDRESS_POOL, 172, "Stateful-IPv6-Address-Pool")
/* clang-format on */

enum radius_attr_type {
#define X(name, number, words) RADIUS_##name = number,
	RADIUS_ATTR_LIST(X)
#undef X
};

#define RADIUS_VENDOR_CISCO     9
#define RADIUS_VENDOR_MICROSOFT 311
#define RADIUS_VENDOR_ASA       3076
#define RADIUS_VENDOR_CHILLI    14559 /* ChilliSpot, CoovaChilli */
#define RADIUS_CISCO_AVPAIR     1
#define RADIUS_MS_MPPE_SEND_KEY 16
#define RADIUS_MS_MPPE_RECV_KEY 17

enum radius_service_type { RADIUS_SERVICE_AUTHORIZE_ONLY = 17 };
enum radius_acct_status { RADIUS_ACCT_START = 1, RADIUS_ACCT_STOP = 2, RADIUS_ACCT_INTERIM = 3, RADIUS_ACCT_ON = 7, RADIUS_ACCT_OFF = 8 };
enum radius_authentic { RADIUS_AUTHENTIC_RADIUS = 1, RADIUS_AUTHENTIC_LOCAL = 2, RADIUS_AUTHENTIC_REMOTE = 3 };

enum radius_terminate_cause {
	RADIUS_CAUSE_USER_REQUEST = 1,
	RADIUS_CAUSE_LOST_CARRIER = 2,
	RADIUS_CAUSE_IDLE_TIMEOUT = 4,
	RADIUS_CAUSE_SESSION_TIMEOUT = 5,
	RADIUS_CAUSE_ADMIN_RESET = 6,
	RADIUS_CAUSE_ADMIN_REBOOT = 7,
	RADIUS_CAUSE_PORT_ERROR = 8,
	RADIUS_CAUSE_NAS_ERROR = 9,
	RADIUS_CAUSE_NAS_REQUEST = 10,
	RADIUS_CAUSE_NAS_REBOOT = 11,
	RADIUS_CAUSE_PORT_PREEMPTED = 13,
	RADIUS_CAUSE_SERVICE_UNAVAILABLE = 15,
	RADIUS_CAUSE_USER_ERROR = 17,
	RADIUS_CAUSE_HOST_REQUEST = 18
};

enum radius_error_cause {
	RADIUS_ERROR_UNSUPPORTED_ATTRIBUTE = 401,
	RADIUS_ERROR_MISSING_ATTRIBUTE = 402,
	RADIUS_ERROR_NAS_MISMATCH = 403,
	RADIUS_ERROR_INVALID_REQUEST = 404,
	RADIUS_ERROR_UNSUPPORTED_SERVICE = 405,
	RADIUS_ERROR_INVALID_VALUE = 407,
	RADIUS_ERROR_PROHIBITED = 501,
	RADIUS_ERROR_NO_SESSION = 503,
	RADIUS_ERROR_NOT_REMOVABLE = 504,
	RADIUS_ERROR_RESOURCES = 506,
	RADIUS_ERROR_INITIATED = 507,
	RADIUS_ERROR_MULTIPLE_SESSIONS = 508
};

#endif
