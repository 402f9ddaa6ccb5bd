/* attempts.c - see attempts.h; open addressing with linear probing */
#include "store/attempts.h"
#include "base/arena.h"

#include <stdlib.h>

enum { PIECE_BITS = 10, PIECES = 1 << PIECE_BITS, SIZE_MIN = 4 };

struct slot {
	uint64_t hash;			/* 0: empty */
	struct attempt attempt;
};

struct piece {
	struct slot *slots;
	uint32_t size, used;
};

struct attempts {
	struct piece pieces[PIECES];
	size_t count, size, swept;	/* swept: the piece that comes next */
	uint32_t since_s;
};

struct attempts *
attempts_new(void)
{
	return xcalloc(1, sizeof(struct attempts));
}

void
attempts_free(struct attempts *a)
{
	for (size_t i = 0; i < PIECES; i++)
		free(a->pieces[i].slots);
	free(a);
}

static uint64_t
no_zero(uint64_t hash)
{
	return hash ? hash : 1;
}

/* Where it belongs, if nothing is in its way. */
static uint32_t
home(const struct piece *p, uint64_t hash)
{
	return (uint32_t)((hash & UINT32_MAX) * p->size >> 32);
}

static uint32_t
next(const struct piece *p, uint32_t i)
{
	return i + 1 == p->size ? 0 : i + 1;
}

static size_t
piece_of(uint64_t hash)
{
	return hash >> (64 - PIECE_BITS);
}

/* Its slot, or the empty one where it would be. */
static struct slot *
slot_of(const struct piece *p, uint64_t hash)
{
	uint32_t i = home(p, hash);

	while (p->slots[i].hash != 0 && p->slots[i].hash != hash)
		i = next(p, i);
	return &p->slots[i];
}

/* Put what is not gone into a table of that size. */
static void
rebuild(struct attempts *a, struct piece *p, uint32_t size)
{
	struct piece new = { xcalloc(size, sizeof *new.slots), size, 0 };

	for (uint32_t i = 0; i < p->size; i++)
		if (p->slots[i].hash != 0 && p->slots[i].attempt.first_s >= a->since_s) {
			*slot_of(&new, p->slots[i].hash) = p->slots[i];
			new.used++;
		}
	free(p->slots);
	a->count -= p->used - new.used;
	a->size += new.size;
	a->size -= p->size;
	*p = new;
}

static uint32_t
live(const struct attempts *a, const struct piece *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->size; i++)
		n += p->slots[i].hash != 0 && p->slots[i].attempt.first_s >= a->since_s;
	return n;
}

/* A table of that size is full at four fifths, and has room again at 3/2 of it. */
static uint32_t
size_for(uint32_t n)
{
	uint32_t size = n + n / 2 + n / 8;

	return size < SIZE_MIN ? SIZE_MIN : size;
}

void
attempts_add(struct attempts *a, uint64_t hash, struct attempt attempt)
{
	struct piece *p = &a->pieces[piece_of(hash)];

	if (attempt.first_s < a->since_s)
		return;
	hash = no_zero(hash);
	if ((uint64_t)(p->used + 1) * 5 > (uint64_t)p->size * 4)
		rebuild(a, p, size_for(live(a, p) + 1));
	struct slot *s = slot_of(p, hash);
	if (s->hash == 0) {
		*s = (struct slot){ hash, attempt };
		p->used++;
		a->count++;
	} else if (s->attempt.first_s < a->since_s || attempt.gen > s->attempt.gen)
		s->attempt = attempt;
	else if (attempt.gen == s->attempt.gen && attempt.first_s < s->attempt.first_s)
		s->attempt.first_s = attempt.first_s;
}

const struct attempt *
attempts_find(const struct attempts *a, uint64_t hash)
{
	const struct piece *p = &a->pieces[piece_of(hash)];

	if (p->size == 0)
		return NULL;
	const struct slot *s = slot_of(p, no_zero(hash));
	return s->hash != 0 && s->attempt.first_s >= a->since_s ? &s->attempt : NULL;
}

/* Is i within [from, to), going round? */
static bool
between(uint32_t from, uint32_t i, uint32_t to)
{
	return from <= to ? from <= i && i < to : from <= i || i < to;
}

void
attempts_remove(struct attempts *a, uint64_t hash)
{
	struct piece *p = &a->pieces[piece_of(hash)];

	if (p->size == 0)
		return;
	struct slot *s = slot_of(p, no_zero(hash));
	if (s->hash == 0)
		return;
	/* Those behind it move up, unless that would take them before their home. */
	uint32_t hole = (uint32_t)(s - p->slots);
	for (uint32_t i = next(p, hole); p->slots[i].hash != 0; i = next(p, i))
		if (!between(next(p, hole), home(p, p->slots[i].hash), next(p, i))) {
			p->slots[hole] = p->slots[i];
			hole = i;
		}
	p->slots[hole].hash = 0;
	p->used--;
	a->count--;
}

void
attempts_forget(struct attempts *a, int64_t before_s)
{
	a->since_s = before_s < 0 ? 0 : before_s > UINT32_MAX ? UINT32_MAX : (uint32_t)before_s;
}

void
attempts_sweep(struct attempts *a)
{
	struct piece *p = &a->pieces[a->swept++ % PIECES];
	uint32_t n = live(a, p);

	if (n < p->used)
		rebuild(a, p, size_for(n));
}

size_t
attempts_count(const struct attempts *a)
{
	return a->count;
}

size_t
attempts_bytes(const struct attempts *a)
{
	return sizeof *a + a->size * sizeof(struct slot);
}
