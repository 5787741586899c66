// breaks: NO_ROOM_CHECK STALE_ROOM STALE_IS_FULL ADD_TWICE TAKE_UNSEEN TAKE_ALL THRESHOLD_ONLY NO_SECOND_LOOK LOOK_FIRST ASK_FIRST
/*
 * A count that adds up, step by step as in spargio/shard/{hot_cell.hpp,hot_counts.cpp}: two cells
 * of two-bit totals, one of a shard that adds alone and asks who sleeps after its additions, one
 * that two threads share; and one who waits for the count with a threshold it may never reach, on a
 * shard that is busy or not, holds little back for a turn, and sleeps when there is nothing.
 *
 * Checked: what was accepted is taken, all of it and once; no sum is ever larger than fits; "full"
 * is only said when it was full; nobody hangs for ever. The memory is sequentially consistent here:
 * LOOK_FIRST is what weaker orders than those in the code would allow.
 */

#define WRAP 4           /* totals are modulo this */
#define MOST 3           /* what fits a sum */
#define DIFF(a, t) ((a - t + WRAP) % WRAP)
#define THRESHOLD 3

byte added[2], taken[2]; /* 0: the shard's cell, 1: the threads' */
byte really[2];          /* what there is in each, without wrapping */
byte accepted, received;
byte done;
bool asleep, bell, rung;

inline count_in(cell, value) {
    really[cell] = really[cell] + value;
    accepted = accepted + value;
    assert(really[cell] <= MOST)
}

inline ring_if_asleep() {
    if
    :: asleep -> atomic {
        if
        :: asleep && !rung -> rung = true; bell = true
        :: else
        fi }
    :: else
    fi
}

/* hot_cell::add(): values 2 and 2 */
active proctype Shard() {
    byte before, seen, value, sent;
    bool was_full;
    value = 2;
    do
    :: sent == 2 -> break
    :: else ->
#ifdef ASK_FIRST
        ring_if_asleep();
#endif
        before = added[0];
#ifndef NO_ROOM_CHECK
        if
        :: value > MOST - DIFF(before, seen) ->
#ifndef STALE_ROOM
            atomic { seen = taken[0]; was_full = (value > MOST - really[0]) }
#else
            was_full = (value > MOST - really[0]);
#endif
            if
            :: value > MOST - DIFF(before, seen) -> assert(was_full); goto refused
            :: else
            fi
        :: else
        fi;
#endif
        atomic { added[0] = (before + value) % WRAP; count_in(0, value); sent++ }
#ifndef ASK_FIRST
        ring_if_asleep();
#endif
refused:
        was_full = false
    od;
    done++
}

/* hot_cell::add_shared(): 2 each */
active [2] proctype Thread() {
    byte before, seen, newest;
    bool was_full;
retry:
    before = added[1];
again:
    atomic { seen = taken[1]; was_full = (2 > MOST - really[1]) }
    if
    :: 2 > MOST - DIFF(before, seen) ->
#ifndef STALE_IS_FULL
        atomic { newest = added[1]; was_full = (was_full || 2 > MOST - really[1]) }
        if
        :: newest != before -> before = newest; goto again
        :: else
        fi;
#endif
        assert(was_full);
        goto retry      /* refused: tried again */
    :: else
    fi;
#ifdef ADD_TWICE
    if
    :: added[1] != before -> goto retry
    :: else
    fi;
    atomic { added[1] = (before + 2) % WRAP; count_in(1, 2) }
#else
    atomic {
        if
        :: added[1] != before -> goto retry
        :: else
        fi;
        added[1] = (before + 2) % WRAP;
        count_in(1, 2)
    }
#endif
    ring_if_asleep();
    done++
}

inline take(cell) {
    there = DIFF(added[cell], taken[cell]);
    part = (there < MOST - sum -> there : MOST - sum);
#ifdef TAKE_ALL
    part = there;
#endif
    atomic {
#ifdef TAKE_UNSEEN
        taken[cell] = added[cell];
#else
        taken[cell] = (taken[cell] + part) % WRAP;
#endif
        really[cell] = really[cell] - part
    }
    sum = sum + part;
    assert(sum <= MOST)
}

inline look(seen) {
    seen = DIFF(added[0], taken[0]);
    if
    :: seen == 0 -> seen = DIFF(added[1], taken[1])
    :: else
    fi
}

active proctype Waiter() {
    byte there, part, sum, seen, held;
    bool busy;
    do
    :: done == 3 && accepted == received -> break
    :: else ->
        /* a service: deliver() */
        seen = DIFF(added[0], taken[0]);
        seen = seen + DIFF(added[1], taken[1]);
        if
        :: busy = true
        :: busy = false
        fi;
        if
#ifdef THRESHOLD_ONLY
        :: seen >= THRESHOLD ->
#else
        :: seen != 0 && (seen >= THRESHOLD || !busy || held == 1) ->
#endif
            sum = 0;
            take(1);
            take(0);
            received = received + sum;
            held = 0
        :: else ->
            if
            :: seen != 0 && busy -> held++
            :: else ->
                /* nothing to run: sleep */
#ifdef LOOK_FIRST
                look(seen);
                atomic { asleep = true; rung = false }
#else
                atomic { asleep = true; rung = false }
#ifdef NO_SECOND_LOOK
                seen = 0;
#else
                look(seen);
#endif
#endif
#ifdef THRESHOLD_ONLY
                seen = (seen < THRESHOLD -> 0 : seen);
#endif
                if
                :: seen != 0
                :: else ->
                    if
                    :: bell
                    :: done == 3 && accepted == received
                    fi
                fi;
                atomic { asleep = false; bell = false }
            fi
        fi;
        seen = 0
    od;
    assert(really[0] == 0 && really[1] == 0)
}
