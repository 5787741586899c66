// breaks: NO_SECOND_LOOK LOOK_FIRST ASK_FIRST RING_TWICE BELL_LOST UNCOUNTED NO_WAIT_AT_CLOSE OUTSIDERS_FIRST
/*
 * A shard's sleep and its bell, step by step as in spargio/shard/{sleep_gate.hpp,shard.cpp}: one
 * shard that sleeps whenever it sees nothing to do, two peers that send it a message each, one of them
 * a post too, and ring through their own rings (which may fail and is then retried), a thread
 * without a ring that posts, and one that asks for the exit when everything was taken.
 *
 * Checked: nothing waits at a sleeping shard (nobody hangs for ever); one bell a sleep at most; the
 * bell is never struck once the shard has closed it.
 *
 * The memory is sequentially consistent here. LOOK_FIRST and OUTSIDERS_FIRST are what weaker orders
 * than those in the code would allow: a store that becomes visible after a later load.
 */

#define AWAKE 0
#define ASLEEP 1
#define RUNG 2
#define WORK 4           /* two messages, two posts */

byte gate;
byte bells;              /* completions that nothing but a bell made */
byte posts;              /* the wake list */
byte tail, head;         /* the message lane */
bool stamped[3];
bool exit_requested;
byte outsiders;          /* threads without a ring that may be about to strike */

byte taken;
byte peers_done;
byte rung;               /* in this sleep */
bool closed;

inline strike() {
    atomic { assert(!closed); bells++ }
}

inline must_ring(answer) {
    answer = false;
    if
    :: gate == ASLEEP ->
#ifdef RING_TWICE
        atomic { gate = RUNG; answer = true; rung++ }
#else
        atomic {
            if
            :: gate == ASLEEP -> gate = RUNG; answer = true; rung++
            :: else
            fi
        }
#endif
        assert(rung <= 1)
    :: else
    fi
}

inline wake_from_peer(answer) {
    if
    :: gate == ASLEEP ->
        must_ring(answer);
        if
        :: answer ->
            if
            :: bells++
            :: skip;     /* EOVERFLOW, seen when the peer reaps */
#ifndef BELL_LOST
                strike()
#endif
            fi
        :: else
        fi
    :: else
    fi
}

inline wake_from_outside(answer) {
    if
    :: gate == ASLEEP ->
#ifndef UNCOUNTED
        outsiders++;
#endif
        must_ring(answer);
        if
        :: answer -> strike()
        :: else
        fi;
#ifndef UNCOUNTED
        outsiders--
#endif
    :: else
    fi
}

active [2] proctype Peer() {
    byte position;
    bool rings;
    atomic { position = tail; tail++ }
    stamped[position] = true;
    wake_from_peer(rings);
    if
    :: position == 0 ->
#ifdef ASK_FIRST
        wake_from_peer(rings);
        posts++
#else
        posts++;
        wake_from_peer(rings)
#endif
    :: else
    fi;
    peers_done++
}

active proctype Outsider() {
    bool rings;
    posts++;
    wake_from_outside(rings)
}

active proctype Closer() {
    bool rings;
    taken == WORK;
    exit_requested = true;
    wake_from_outside(rings)
}

inline look(seen) {
    seen = false;
    if
    :: posts > 0 -> seen = true
    :: else ->
        if
        :: bells > 0 -> seen = true
        :: else ->
            if
            :: stamped[head] -> seen = true
            :: else -> seen = exit_requested
            fi
        fi
    fi
}

active proctype Shard() {
    bool seen;
    byte moved;
    do
    :: true ->
        atomic { taken = taken + posts; moved = posts; posts = 0 }
        bells = 0;
        do
        :: stamped[head] -> atomic { stamped[head] = false; head++; taken++; moved++ }
        :: else -> break
        od;
        if
        :: moved == 0 && exit_requested && posts == 0 -> break
        :: moved == 0 && !exit_requested ->
#ifdef LOOK_FIRST
            look(seen);
            atomic { gate = ASLEEP; rung = 0 }
#else
            atomic { gate = ASLEEP; rung = 0 }
#ifdef NO_SECOND_LOOK
            seen = false;
#else
            look(seen);
#endif
#endif
            if
            :: seen
            :: else -> bells > 0
            fi;
#ifdef OUTSIDERS_FIRST
            if
            :: exit_requested && posts == 0 -> break
            :: else
            fi;
#endif
            gate = AWAKE
        :: else
        fi;
        moved = 0
    od;
    peers_done == 2;     /* the runtime closes no ring before every loop has ended */
#ifndef NO_WAIT_AT_CLOSE
    outsiders == 0;
#endif
    gate = AWAKE;
    closed = true;
    assert(taken == WORK)
}
