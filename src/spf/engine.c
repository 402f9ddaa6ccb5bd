/* engine.c - see engine.h
 *
 * One server with our own resolver layer serves all evaluations, which never
 * overlap.  libspf2 aborts the process on what it takes for a bug; its error handler is ours and leaves by
 * longjmp(): the evaluation is lost, and the memory it held, the process is not.
 */
#include "spf/engine.h"
#include "base/log.h"

#include <netdb.h>
#include <netinet/in.h>
#include <arpa/nameser.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <spf2/spf.h>
#include <spf2/spf_dns.h>
#include <spf2/spf_log.h>

static SPF_server_t *server;
static const struct engine_source *running;
static jmp_buf lost;

/* The number in "r7" or "m7"; libspf2 only hands back names from our records. */
static unsigned
number(const char *name)
{
	return (unsigned)strtoul(name + 1, NULL, 10);
}

static SPF_errcode_t
get_record(SPF_server_t *s, SPF_request_t *request, SPF_response_t *response, SPF_record_t **record)
{
	const char *text = running->record(running->arg, number(request->cur_dom));

	*record = NULL;
	return text != NULL ? SPF_record_compile(s, response, record, text) : SPF_E_DNS_ERROR;
}

static SPF_dns_rr_t *
look_up(SPF_dns_server_t *layer, const char *name, ns_type type, int should_cache)
{
	static const int herrno[] = { [ENGINE_NO] = HOST_NOT_FOUND, [ENGINE_YES] = NETDB_SUCCESS, [ENGINE_STOP] = TRY_AGAIN };
	enum engine_match match = running->matches(running->arg, number(name));
	SPF_dns_rr_t *rr = SPF_dns_rr_new_init(layer, name, type, 0, herrno[match]);

	(void)should_cache;
	if (match == ENGINE_YES && SPF_dns_rr_buf_realloc(rr, 0, sizeof rr->rr[0]->a) == SPF_E_SUCCESS) {
		rr->num_rr = 1;
		rr->rr[0]->a.s_addr = htonl(0xc0000201);
	}
	return rr;
}

static void __attribute__((noreturn))
on_error(const char *file, int line, const char *message)
{
	log_warn("spf: libspf2 %s:%d: %s; taken as a temporary error", file, line, message);
	longjmp(lost, 1);
}

static void
on_other(const char *file, int line, const char *message)
{
	(void)file;
	(void)line;
	(void)message;
}

static void
start(void)
{
	static SPF_dns_server_t layer = { .lookup = look_up, .get_spf = get_record, .name = "policyd" };

	SPF_error_handler = on_error;
	SPF_warning_handler = SPF_info_handler = SPF_debug_handler = on_other;
	server = SPF_server_new_dns(&layer, 0);
	/* check.c counts; a record of ours has some mechanisms more than a stranger's. */
	SPF_server_set_max_dns_mech(server, 100);
}

static enum spf_result
result_of(SPF_result_t r)
{
	switch (r) {
	case SPF_RESULT_NEUTRAL:
		return SPF_NEUTRAL;
	case SPF_RESULT_PASS:
		return SPF_PASS;
	case SPF_RESULT_FAIL:
		return SPF_FAIL;
	case SPF_RESULT_SOFTFAIL:
		return SPF_SOFTFAIL;
	default:
		return SPF_TEMPERROR;
	}
}

enum spf_result
engine_run(const struct engine_source *source, bool *matched)
{
	SPF_response_t *response = NULL;

	*matched = false;
	running = source;
	if (setjmp(lost) != 0)
		return SPF_TEMPERROR;
	if (server == NULL)
		start();
	SPF_request_t *request = SPF_request_new(server);
	SPF_request_set_ipv4(request, (struct in_addr){ htonl(0xc0000201) });	/* no record of ours looks at it */
	SPF_request_set_env_from(request, "x@r0");
	SPF_request_query_mailfrom(request, &response);
	enum spf_result result = response ? result_of(SPF_response_result(response)) : SPF_TEMPERROR;
	*matched = response != NULL && SPF_response_reason(response) == SPF_REASON_MECH;
	if (response != NULL)
		SPF_response_free(response);
	SPF_request_free(request);
	return result;
}
