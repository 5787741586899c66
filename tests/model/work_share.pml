// breaks: NO_LAST_LOOK LOOK_FIRST SLEEPS_LAST BEGUN_UNSEEN BEGUN_LAST BEGUN_DROPPED BEGUN_TWICE NO_END ALL_SEARCH WAKE_WITHOUT_BEGIN SEARCH_KEPT
/*
 * How shards find each other's stealable work and sleep, step by step as in
 * spargio/{core/work_share.hpp,shard/shard_steal.cpp,shard/shard_wait.cpp}: a maker that queues items, runs
 * some of them itself and, between two items, has a sleeper woken; and two thieves that search,
 * take, spin and sleep, one of which wakes for a reason of its own as well. After its last check
 * the maker is busy for ever.
 *
 * Checked: when nothing moves any more, nothing stealable lies about and nobody counts as
 * searching; the count of searchers is never below zero and never above its limit.
 *
 * The memory is sequentially consistent here. LOOK_FIRST and BEGUN_LAST are what weaker orders than
 * the protocol asks for would allow: a store that becomes visible after a later load.
 */

#define ITEMS 2

#define AWAKE 0
#define ASLEEP 1
#define RUNG 2

byte most_searching;     /* 1 or 2, as with two shards or four */
short searching;         /* state_, one word */
byte asleep;

byte loot;               /* in the maker's deque */

/* of each thief */
byte gate[2];
bool bell[2];            /* a completion: the bell */
bool own[2];             /* a completion of its own */
bool search_begun[2];

inline begin() {
    searching++;
    assert(searching <= most_searching)
}

inline end() {
    atomic { searching--; assert(searching >= 0) }
}

inline wake_searcher() {
    woken = false;
    atomic {
        if
        :: searching == 0 && asleep > 0 ->
#ifndef WAKE_WITHOUT_BEGIN
            begin();
#endif
            woken = true
        :: else
        fi
    }
    if
    :: woken ->
        woken = false;
        to = 0;
        do
        :: to == 2 -> break
        :: else ->
            if
            :: gate[to] == ASLEEP ->
#if !defined(BEGUN_LAST) && !defined(BEGUN_DROPPED)
                search_begun[to] = true;
#endif
                ring = false;
                atomic {
                    if
                    :: gate[to] == ASLEEP -> gate[to] = RUNG; ring = true
                    :: else
                    fi
                }
#ifdef BEGUN_LAST
                search_begun[to] = true;
#endif
                if
                :: ring -> bell[to] = true
                :: else
                fi;
                woken = true;
                break
            :: else -> to++
            fi
        od;
        if
#ifndef NO_END
        :: !woken -> end()
#endif
        :: else
        fi
    :: else
    fi;
    atomic { woken = false; ring = false; to = 0 }
}

bool maker_done;

active proctype Maker() {
    byte made, to;
    bool woken, ring;
    if
    :: most_searching = 1
    :: most_searching = 2
    fi;
    do
    :: made < ITEMS -> loot++; made++;
        /* Between two items; the last time for certain, as the item has waited long enough. */
        if
        :: searching == 0 && asleep > 0 -> wake_searcher()
        :: made < ITEMS -> skip
        :: made == ITEMS && !(searching == 0 && asleep > 0) -> skip
        fi
    :: atomic { made < ITEMS && loot > 0 -> loot-- }
    :: made == ITEMS -> break
    od;
    maker_done = true
}

#define me (_pid - 1)

inline take_over_search() {
    if
    :: search_begun[me] ->
        search_begun[me] = false;
        if
        :: is_searching ->
#ifndef BEGUN_TWICE
            end()
#else
            skip
#endif
        :: else
        fi;
        is_searching = true
    :: else
    fi
}

/* \return whether it took something */
inline search() {
    took = false;
    take_over_search();
    if
    :: !is_searching ->
        atomic {
            if
#ifndef ALL_SEARCH
            :: searching >= most_searching -> skip
#endif
            :: else -> begin(); is_searching = true
            fi
        }
    :: else
    fi;
    if
    :: is_searching && loot > 0 ->
        /* It may be gone by now. */
        atomic {
            if
            :: loot > 0 -> loot--; took = true
            :: else
            fi
        }
    :: else
    fi
}

#define WORK_VISIBLE (bell[me] || own[me])

inline park() {
#ifndef SEARCH_KEPT
    if
    :: is_searching -> is_searching = false; end()
    :: else
    fi;
#endif
#ifdef LOOK_FIRST
    seen = (WORK_VISIBLE || loot > 0);
#endif
    gate[me] = ASLEEP;
#ifndef SLEEPS_LAST
    asleep++;
#endif
#ifdef NO_LAST_LOOK
    seen = WORK_VISIBLE;
#else
#ifndef LOOK_FIRST
    seen = WORK_VISIBLE;
    if
    :: !seen -> seen = (loot > 0)
    :: else
    fi;
#endif
#endif
#ifndef BEGUN_UNSEEN
    if
    :: !seen -> seen = search_begun[me]
    :: else
    fi;
#endif
#ifdef SLEEPS_LAST
    asleep++;
#endif
    if
    :: !seen ->
end_asleep:
        WORK_VISIBLE
    :: else
    fi;
    atomic { asleep--; seen = false };
    gate[me] = AWAKE
}

active [2] proctype Thief() {
    bool is_searching, took, seen;
    most_searching != 0;
    do
    :: true ->
        /* service */
        atomic { bell[me] = false; own[me] = false };
        take_over_search();
        if
        :: took ->
            /* What it took is run. */
            if
            :: is_searching -> is_searching = false; end()
            :: else
            fi
        :: else
        fi;
        search();
        if
        :: took -> skip
        :: !took && !WORK_VISIBLE -> park()
        :: !took && loot > 0 -> skip      /* spins */
        :: !took && WORK_VISIBLE -> skip
        fi
    od
}

/* A completion of the first thief's own, or a post, whose source rings. */
active proctype World() {
    if
    :: own[0] = true
    :: own[0] = true;
        if
        :: gate[0] == ASLEEP ->
            atomic {
                if
                :: gate[0] == ASLEEP -> gate[0] = RUNG; bell[0] = true
                :: else
                fi
            }
        :: else
        fi
    fi
}

active proctype Check() {
    timeout;
    assert(maker_done);
    assert(loot == 0);
    assert(asleep == 2);
    assert(searching == 0)
}
