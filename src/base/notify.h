/* notify.h - what systemd is told (Type=notify, WatchdogSec=; sd_notify(3))
 *
 * Nothing happens without systemd around, or when built without libsystemd.
 */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

#include <stdint.h>

void notify_ready(void);
void notify_stopping(void);
void notify_watchdog(void);		/* still alive */

/* notify_watchdog() must be called more often than this, better twice as often; 0: nobody waits for it. */
uint64_t notify_watchdog_ms(void);

#endif
