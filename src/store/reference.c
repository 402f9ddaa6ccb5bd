/* reference.c - the number that stands in a refusal (store.h): 32 bits of seconds, 18 of sequence */
#include "store/store.h"

const char *
reference_print(int64_t reference, char out[REFERENCE_TEXT])
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";	/* Crockford's base32: no I, L, O, U */

	for (int i = 0; i < REFERENCE_TEXT - 1; i++)
		out[i] = digits[reference >> (45 - 5 * i) & 31];
	out[REFERENCE_TEXT - 1] = '\0';
	return out;
}
