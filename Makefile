# policyd - a Postfix policy delegation server
#
# make            build ./policyd and ./policyd-feed
# make run        install what is missing, build, start policyd here and let it answer one request
# make check      install what tests need, run all of them; T=unit/dns/cache or T=server runs one
# make asan       the same tests under AddressSanitizer and UndefinedBehaviorSanitizer
# make bench      load policyd and a bare responder in turn, print the ratios; what SPF costs
# make fuzz       every parser under libFuzzer for FUZZ_SECONDS (60) each
# make install    into DESTDIR and PREFIX (/usr/local)
# make clean
CC      = cc
CFLAGS  = -O2 -g
B       = build
PREFIX  = /usr/local
FUZZ_SECONDS = 60

LIBS    = libuv libcares sqlite3 libidn2 libpsl
SYSTEMD = $(shell pkg-config --exists libsystemd && echo libsystemd)
WARN    = -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes
ALL     = -std=c11 -D_GNU_SOURCE -Isrc -It/lib -MMD -MP $(WARN) $(if $(SYSTEMD),-DHAVE_SYSTEMD) \
          $(shell pkg-config --cflags $(LIBS) $(SYSTEMD))
LINK    = $(shell pkg-config --libs $(LIBS) $(SYSTEMD)) -lspf2 -lresolv -lpthread
SAN     = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

SRC     := $(shell find src -name '*.c')
MAIN    := src/policyd.c src/feed/policyd-feed.c
OBJ     := $(patsubst src/%.c,$(B)/%.o,$(filter-out $(MAIN),$(SRC)))
HELP    := $(patsubst %.c,$(B)/%.o,$(wildcard t/lib/*.c))
UNIT    := $(patsubst t/%.c,$(B)/t/%,$(shell find t/unit -name '*.c'))
FUZZ    := $(patsubst t/fuzz/%.c,$(B)/fuzz/%,$(wildcard t/fuzz/*.c))
BENCH   := $(patsubst t/bench/%.c,$(B)/bench/%,$(wildcard t/bench/*.c))
TESTS   := $(UNIT) $(wildcard t/*.t)

all: policyd policyd-feed
policyd policyd-feed: %: $(B)/%
	cp $< $@
$(B)/policyd: $(B)/policyd.o $(B)/libpolicyd.a
	$(CC) $(CFLAGS) -o $@ $^ $(LINK)
$(B)/policyd-feed: $(B)/feed/policyd-feed.o $(B)/libpolicyd.a
	$(CC) $(CFLAGS) -o $@ $^ $(LINK)
$(B)/libpolicyd.a: $(OBJ)
	rm -f $@ && ar rcs $@ $^
$(B)/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(ALL) -c -o $@ $<
$(B)/t/%.o: t/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(ALL) $(shell pkg-config --cflags cmocka) -c -o $@ $<
$(B)/libtest.a: $(HELP)
	rm -f $@ && ar rcs $@ $^
$(B)/t/unit/%: $(B)/t/unit/%.o $(B)/libtest.a $(B)/libpolicyd.a
	$(CC) $(CFLAGS) -o $@ $^ $(shell pkg-config --libs cmocka) $(LINK)
# Here libpolicyd.a is real throughout: no judge.o, which stands in for part of it.
$(B)/t/unit/policy/%: $(B)/t/unit/policy/%.o $(B)/t/lib/scene.o $(B)/t/lib/stderr.o $(B)/libpolicyd.a
	$(CC) $(CFLAGS) -o $@ $^ $(shell pkg-config --libs cmocka) $(LINK)
$(B)/bench/%: $(B)/t/bench/%.o $(B)/libpolicyd.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^ $(LINK)
$(B)/store/schema.o: $(wildcard sql/*.sql sql/migrations/*.sql)

run:
	contrib/install-packages run
	$(MAKE) policyd
	contrib/first-run
check:
	contrib/install-packages test
	$(MAKE) tests
tests: $(B)/policyd $(B)/policyd-feed $(UNIT)
	POLICYD=$(abspath $(B)/policyd) CMOCKA_MESSAGE_OUTPUT=TAP \
	prove --timer --failures $(PROVE_FLAGS) -e '' $(if $(T),$(filter %$(T) %$(T).t,$(TESTS)),$(TESTS))
asan:
	contrib/install-packages test
	ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 \
	$(MAKE) tests B=build-asan CFLAGS='$(SAN)' $(if $(T),T=$(T))
bench:
	contrib/install-packages bench
	$(MAKE) benchmark
benchmark: $(B)/policyd $(BENCH)
	t/bench/run $(B)
fuzz:
	contrib/install-packages test
	$(MAKE) fuzzers B=build-fuzz CC=clang CFLAGS='$(SAN) -fsanitize=fuzzer-no-link'
fuzzers: $(FUZZ)
	t/fuzz/run $(FUZZ_SECONDS) $(FUZZ)
$(B)/fuzz/%: $(B)/t/fuzz/%.o $(B)/libpolicyd.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fsanitize=fuzzer -o $@ $^ $(LINK)
install: policyd policyd-feed
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/sbin policyd policyd-feed
	install -D -m 755 contrib/report $(DESTDIR)$(PREFIX)/sbin/policyd-report
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 src/policyd.8 src/policyd-feed.8
	install -D -m 644 src/policyd.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/policyd.conf.5
	install -D -m 644 sql/policyd-sql.7 $(DESTDIR)$(PREFIX)/share/man/man7/policyd-sql.7
	install -D -m 644 policyd.conf.example $(DESTDIR)$(PREFIX)/share/doc/policyd/policyd.conf.example
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/systemd/system contrib/systemd/*
	sed -i 's,/usr/local/sbin,$(PREFIX)/sbin,' $(DESTDIR)$(PREFIX)/lib/systemd/system/policyd*.service
clean:
	rm -rf build build-asan build-fuzz build-clang policyd policyd-feed
.PHONY: all run check tests asan bench benchmark fuzz fuzzers install clean
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
