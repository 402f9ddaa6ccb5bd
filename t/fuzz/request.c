/* request.c - fuzz of src/protocol/request.c: whatever comes, texts stand in its bytes and end */
#include "protocol/request.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check_text(const char *text, const char *bytes, size_t len)
{
	bool within = text >= bytes && text < bytes + len && memchr(text, '\0', len - (size_t)(text - bytes)) != NULL;

	if ((!within && *text != '\0') || strchr(text, '\n') != NULL)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *bytes = malloc(len + 1), room[256] = "";	/* ASan watches the ends of both */
	struct text why = TEXT(room);
	struct request r;

	memcpy(bytes, data, len);
	if (request_parse(&r, bytes, len, &why)) {
		const char *const texts[] = { r.protocol_state, r.protocol_name, r.helo_name, r.queue_id, r.sender,
		    r.recipient, r.client_address, r.client_name, r.reverse_client_name, r.client_port,
		    r.server_address, r.server_port, r.instance, r.sasl_method, r.sasl_username, r.sasl_sender,
		    r.ccert_subject, r.ccert_issuer, r.ccert_fingerprint, r.ccert_pubkey_fingerprint,
		    r.encryption_protocol, r.encryption_cipher, r.etrn_domain, r.stress, r.policy_context,
		    r.compatibility_level, r.mail_version, r.tls_sni };

		for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
			check_text(texts[i], bytes, len);
		if (why.len != 0 || *stage_name(r.stage) == '\0')
			abort();
	} else if (why.len == 0)
		abort();
	for (size_t i = 0; i < why.len; i++)
		if ((unsigned char)why.at[i] < 0x20 || why.at[i] == 0x7f)
			abort();
	free(bytes);
	return 0;
}
