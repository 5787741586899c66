// breaks: NO_ROOM_CHECK STAMP_FIRST FREE_FIRST STALE_IS_FULL STAMP_IS_FLAG ASK_FIRST NO_FENCE NO_SECOND_LOOK LOOK_FIRST
/*
 * A lane between two shards, step by step as in spargio/shard/{message_lane.hpp,shard_messages.cpp}:
 * two slots, a source that writes five messages, one or two before it asks whether the target
 * sleeps, and a target that takes what there is and sleeps when there is nothing.
 *
 * Checked: nothing is lost, doubled, torn or out of order; "full" is only said when it was full;
 * nothing waits at a target that sleeps. The memory is sequentially consistent here: STAMP_FIRST,
 * FREE_FIRST, NO_FENCE and LOOK_FIRST are what weaker orders than those in the code would allow.
 */

#define CAPACITY 2
#define MESSAGES 5

byte stamp[CAPACITY];    /* position + 1 of what a slot holds */
byte content[CAPACITY];
byte head;               /* published by the reader */
bool asleep, bell;

active proctype Source() {
    byte tail, head_seen, lot;
    bool was_full;
    do
    :: tail == MESSAGES -> break
    :: else ->
        if
        :: lot = 1
        :: tail + 2 <= MESSAGES -> lot = 2
        fi;
#ifdef ASK_FIRST
        if
        :: asleep -> bell = true
        :: else
        fi;
#endif
        do
        :: lot == 0 -> break
        :: else ->
#ifndef NO_ROOM_CHECK
            if
            :: tail - head_seen == CAPACITY ->
#ifdef STALE_IS_FULL
                was_full = (tail - head == CAPACITY);
#else
                atomic { head_seen = head; was_full = (tail - head == CAPACITY) }
#endif
                if
                :: tail - head_seen == CAPACITY -> assert(was_full); break
                :: else
                fi
            :: else
            fi;
#endif
#ifdef NO_FENCE
            /* the last write becomes visible after the look below */
            if
            :: lot == 1 ->
                if
                :: asleep -> bell = true
                :: else
                fi
            :: else
            fi;
#endif
#ifdef STAMP_FIRST
            stamp[tail % CAPACITY] = tail + 1;
            content[tail % CAPACITY] = tail;
#else
            content[tail % CAPACITY] = tail;
#ifdef STAMP_IS_FLAG
            stamp[tail % CAPACITY] = 1;
#else
            stamp[tail % CAPACITY] = tail + 1;
#endif
#endif
            tail++;
            lot--
        od;
#if !defined(ASK_FIRST) && !defined(NO_FENCE)
        if
        :: asleep -> bell = true
        :: else
        fi;
#endif
        lot = 0;
        was_full = false
    od
}

#ifdef STAMP_IS_FLAG
#define FILLED (stamp[at % CAPACITY] != 0)
#else
#define FILLED (stamp[at % CAPACITY] == at + 1)
#endif

active proctype Target() {
    byte at, took;
    bool seen;
    do
    :: at == MESSAGES -> break
    :: else ->
        do
        :: FILLED && at < MESSAGES ->
#ifdef FREE_FIRST
            head = at + 1;
#endif
            took = content[at % CAPACITY];
            assert(took == at);
            at++
        :: else -> break
        od;
        head = at;
        if
        :: at == MESSAGES
        :: else ->
#ifdef LOOK_FIRST
            seen = FILLED;
            asleep = true;
#else
            asleep = true;
#ifdef NO_SECOND_LOOK
            seen = false;
#else
            seen = FILLED;
#endif
#endif
            if
            :: seen
            :: else -> bell
            fi;
            atomic { asleep = false; bell = false; seen = false }
        fi
    od
}
