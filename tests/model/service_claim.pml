// breaks: NO_EXCHANGE OWNER_UNCLAIMED RELEASED_EARLY NEVER_RELEASED PINNED_TAKEN PINNED_QUEUED PINNED_REVERSED REQUEST_TAKEN WOKEN_UNSEEN
/*
 * A shard's service claim, and what is done under it, step by step as in
 * spargio/shard/{service_claim.hpp,shard.cpp,shard_rescue.cpp}: the owner services, gives the claim
 * up, runs what is queued and takes it again, and sleeps with it; two other shards step in when they
 * find it free. What completes is pinned, stealable, or a request that wakes a pinned item.
 *
 * Checked: one at a time services; every completion is taken exactly once, in order; every item
 * runs exactly once: a pinned one on its shard and in order, a request under the claim; none is
 * left, and the owner is never kept out for ever. The memory is sequentially consistent here: the
 * orders are the stress test's business, under thread sanitizer.
 */

#define COMPLETIONS 3

#define PINNED 0
#define STEALABLE 1
#define REQUEST 2

bool held;
byte inside;             /* how many service just now */
byte cq_tail, cq_head;
byte kind[2 * COMPLETIONS];   /* of the completions, and of what the requests wake */
byte taken;

chan woken = [2 * COMPLETIONS] of { byte };   /* guarded by the claim */
chan ready = [2 * COMPLETIONS] of { byte };   /* the owner's */
byte using_ready;

byte due, ran;
bool has_run[2 * COMPLETIONS];
byte number[2 * COMPLETIONS]; /* of the pinned ones, in the order in which they woke */
byte next_number, next_to_run;

#define OWNER 1          /* _pid */
#define ALL_DONE (cq_head == COMPLETIONS && ran == due)

active proctype Kernel() {
    do
    :: cq_tail == COMPLETIONS -> break
    :: else ->
        atomic {
            if
            :: kind[cq_tail] = PINNED
            :: kind[cq_tail] = STEALABLE
            :: kind[cq_tail] = REQUEST
            fi;
            cq_tail++
        }
    od
}

inline wake_up(what) {
    atomic {
        due++;
        if
        :: kind[what] == PINNED -> number[what] = next_number; next_number++
        :: else
        fi;
        woken!what
    }
}

inline run_it(what) {
    atomic {
        assert(!has_run[what]);
        has_run[what] = true;
        if
        :: kind[what] == PINNED ->
            assert(_pid == OWNER && number[what] == next_to_run);
            next_to_run++
        :: else
        fi
    }
}

/* Under the claim. What it wakes counts before it is done. */
inline answer(what) {
    run_it(what);
    wake_up(COMPLETIONS + what);
    atomic { assert(inside == 1); ran++ }
}

inline gather(head) {
    atomic { inside++; assert(inside == 1) }
    head = cq_head;
    if
    :: head != cq_tail ->
        atomic { assert(head == taken); taken++; wake_up(head); cq_head = head + 1 }
    :: else
    fi
}

inline try_acquire(mine) {
    mine = false;
    if
    :: !held ->
#ifdef NO_EXCHANGE
        held = true;
        mine = true
#else
        atomic { mine = !held; held = true }
#endif
    :: else
    fi
}

inline acquire(mine) {
    do
    :: mine -> break
    :: else -> !held; try_acquire(mine)
    od;
    mine = false
}

inline release() {
    assert(held);
#ifndef NEVER_RELEASED
    held = false
#endif
}

#if defined(OWNER_UNCLAIMED) || defined(RELEASED_EARLY)
#define UNCLAIMED
#endif

active proctype Owner() {
    byte head, item;
    bool mine;
#ifndef OWNER_UNCLAIMED
    acquire(mine);
#endif
    do
    :: true ->
#ifdef RELEASED_EARLY
        held = false;
#endif
        gather(head);
        do
        :: woken?item ->
            if
            :: kind[item] == REQUEST -> answer(item)
            :: kind[item] != REQUEST -> ready!item
            fi
        :: empty(woken) -> break
        od;
        inside--;
        if
        :: len(ready) != 0 ->
#ifndef UNCLAIMED
            release();
#endif
            do
            :: atomic { ready?item; assert(using_ready == 0) }; atomic { run_it(item); ran++ }
            :: empty(ready) -> break
            od;
#ifndef OWNER_UNCLAIMED
            acquire(mine)
#endif
        :: len(ready) == 0 -> skip
        fi;
        atomic { item = 0; head = 0 };
        if
        :: cq_head != cq_tail
#ifndef WOKEN_UNSEEN
        :: nempty(woken)
#endif
        :: ALL_DONE -> break
        fi
    od
}

active [2] proctype Rescuer() {
    byte head, item;
    bool mine;
    chan took = [2 * COMPLETIONS] of { byte };
    chan pinned = [2 * COMPLETIONS] of { byte };
    try_acquire(mine);
    if
    :: mine ->
        gather(head);
        do
        :: woken?item ->
            if
#ifndef REQUEST_TAKEN
            :: kind[item] == REQUEST -> answer(item)
#else
            :: kind[item] == REQUEST -> took!item
#endif
            :: kind[item] == STEALABLE -> took!item
            :: kind[item] == PINNED ->
#ifdef PINNED_TAKEN
                took!item
#else
#ifdef PINNED_QUEUED
                atomic { using_ready++; ready!item };
                using_ready--
#else
                pinned!item
#endif
#endif
            fi
        :: empty(woken) -> break
        od;
        do
#ifdef PINNED_REVERSED
        :: len(pinned) == 2 -> pinned?item; pinned?head; woken!head; woken!item
        :: len(pinned) == 1 || len(pinned) == 3 -> pinned?item; woken!item
#else
        :: pinned?item -> woken!item
#endif
        :: empty(pinned) -> break
        od;
        inside--;
        release();
        do
        :: took?item ->
            if
            :: kind[item] == REQUEST -> answer(item)
            :: kind[item] != REQUEST -> atomic { run_it(item); ran++ }
            fi
        :: empty(took) -> break
        od
    :: else
    fi
}
