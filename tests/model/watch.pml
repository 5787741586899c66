// breaks: NO_CALL CALL_FIRST NO_SECOND_LOOK LOOK_FIRST WATCH_KEPT
/*
 * How those who sleep look after those who are awake, step by step as in
 * spargio/{core/work_share.hpp,shard/shard_rescue.cpp,shard/shard_wait.cpp}: three shards that sleep, some
 * of them with a limit after which they look up, two at most; that stop looking up when all others
 * have slept for long; and that are woken by the world, twice, and may then be stuck for ever.
 *
 * Checked: whenever nobody is about to do anything, and a shard is stuck, somebody looks up.
 *
 * The memory is sequentially consistent here, as the operations are. LOOK_FIRST is what weaker orders
 * would allow; so is CALL_FIRST, which shows only where one that is rung still counts as asleep.
 */

#define SHARDS 3
#define MOST_WATCHERS 2
#define LOOKS 1          /* up, of each sleep */

#define AWAKE 0
#define ASLEEP 1
#define RUNG 2

#define BUSY 0           /* on its way somewhere */
#define STUCK 1
#define LOOKS_UP 2       /* asleep, for a millisecond at most */
#define SLEEPS 3         /* asleep, until a bell */

byte gate[SHARDS];
bool bell[SHARDS];
byte watchers;
byte is[SHARDS];

#ifdef CALL_FIRST
#define SEEMS_ASLEEP(x) (gate[x] != AWAKE)
#else
#define SEEMS_ASLEEP(x) (gate[x] == ASLEEP)
#endif

inline begin_watch() {
    atomic {
        if
        :: watchers < MOST_WATCHERS -> watchers++; watching = true
        :: else
        fi
    }
}

inline end_watch() {
    if
    :: watching -> watching = false; watchers--
    :: else
    fi
}

inline others_sleep() {
    all = true;
    at = 0;
    do
    :: at == SHARDS || !all -> break
    :: else ->
        if
        :: at == me || SEEMS_ASLEEP(at) -> skip
        :: else -> all = false
        fi;
        at++
    od;
    at = 0
}

inline ring(whom) {
    atomic {
        if
        :: gate[whom] == ASLEEP -> gate[whom] = RUNG; bell[whom] = true
        :: else
        fi
    }
}

inline call_watcher() {
#ifndef NO_CALL
    if
    :: watchers != 0
    :: else ->
        at = 0;
        do
        :: at == SHARDS -> break
        :: at != SHARDS && at != me && gate[at] == ASLEEP -> ring(at); break
        :: else -> at++
        od;
        at = 0
    fi
#else
    skip
#endif
}

/* Whether it goes on looking up; `lasted` is whether the others may have slept for long. */
inline time_to_next_watch(lasted) {
    if
    :: !watching -> begin_watch()
    :: else ->
        others_sleep();
        if
        :: all && lasted ->
#ifdef LOOK_FIRST
            others_sleep();
            end_watch();
#else
            end_watch();
#ifndef NO_SECOND_LOOK
            others_sleep();
#endif
#endif
            if
            :: !all -> begin_watch()
            :: else
            fi
        :: else
        fi
    fi;
    all = false
}

active [SHARDS] proctype Shard() {
    byte me = _pid;
    byte at, looks;
    bool watching, all;
    do
    :: true ->
        gate[me] = ASLEEP;
        time_to_next_watch(false);
        looks = 0;
        do
        :: true ->
            atomic { is[me] = (watching -> LOOKS_UP : SLEEPS) };
end_asleep:
            if
            :: atomic { bell[me] -> is[me] = BUSY; break }
            :: atomic { watching && looks < LOOKS && !bell[me] -> looks++; is[me] = BUSY };
                time_to_next_watch(true)
            fi
        od;
#ifndef WATCH_KEPT
        end_watch();
#endif
        bell[me] = false;
#ifdef CALL_FIRST
        call_watcher();
        gate[me] = AWAKE;
#else
        gate[me] = AWAKE;
        call_watcher();
#endif
        if
        :: skip
        :: is[me] = STUCK;
end_stuck:
            false
        fi
    od
}

active proctype World() {
    byte times, whom;
    do
    :: times < 2 ->
        if
        :: whom = 0
        :: whom = 1
        :: whom = 2
        fi;
        ring(whom);
        times++
    :: times == 2 -> break
    od
}

#define SETTLED(x) (is[x] == STUCK || ((is[x] == LOOKS_UP || is[x] == SLEEPS) && !bell[x]))
#define ANY(what) (is[0] == what || is[1] == what || is[2] == what)

active proctype Check() {
end_check:
    atomic {
        SETTLED(0) && SETTLED(1) && SETTLED(2) && ANY(STUCK) && !ANY(LOOKS_UP) &&
            (ANY(SLEEPS));
        assert(false)
    }
}
