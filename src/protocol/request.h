/* request.h - what Postfix asks (SMTPD_POLICY_README, Postfix 2.1 to 3.12), parsed once
 *
 * Every text is NUL-terminated, points into the bytes that were parsed, is ""
 * where the attribute was absent or empty, and may hold any byte but NUL and LF:
 * whoever shows one uses text_add_safe().
 */
#ifndef PROTOCOL_REQUEST_H
#define PROTOCOL_REQUEST_H

#include "base/address.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { REQUEST_BYTES_MAX = 16384 };

enum stage {				/* protocol_state; bits, so that a rule can name several */
	STAGE_OTHER = 1,		/* none of these, or none given */
	STAGE_CONNECT = 2,
	STAGE_HELO = 4,			/* HELO and EHLO */
	STAGE_MAIL = 8,
	STAGE_RCPT = 16,
	STAGE_DATA = 32,		/* BDAT too */
	STAGE_END_OF_MESSAGE = 64,
	STAGE_VRFY = 128,
	STAGE_ETRN = 256,
};

struct request {
	enum stage stage;
	struct address client;		/* client_address parsed; .bits 0 if it is none */
	uint64_t recipient_count, size_bytes, encryption_keysize;
	const char *protocol_state, *protocol_name, *helo_name, *queue_id, *sender, *recipient, *client_address,
	    *client_name, *reverse_client_name, *client_port, *server_address, *server_port, *instance, *sasl_method,
	    *sasl_username, *sasl_sender, *ccert_subject, *ccert_issuer, *ccert_fingerprint,
	    *ccert_pubkey_fingerprint, *encryption_protocol, *encryption_cipher, *etrn_domain, *stress,
	    *policy_context, *compatibility_level, *mail_version, *tls_sni;
};

/*
 * Parse one request.
 *
 * bytes  len of them: the lines and the empty line that ends them ("…\n\n");
 *        changed in place, must live as long as *r is used
 *
 * Unknown names are ignored; of duplicates the first wins; ccert_subject and ccert_issuer are
 * decoded from xtext (RFC 3461 s.4).  False, with the finding in *why (which
 * text_add_safe() has made harmless, the offending line included), if a line has
 * no "=", an empty name or a NUL, if a number is none, or if
 * request=smtpd_access_policy is missing.
 */
bool request_parse(struct request *r, char *bytes, size_t len, struct text *why);

/* The name of attribute i, from 0; NULL behind the last. */
const char *request_attribute(size_t i);

/* The name of a stage as Postfix writes it, "RCPT". */
const char *stage_name(enum stage s);

#endif
