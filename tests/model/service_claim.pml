// breaks: NO_EXCHANGE OWNER_UNCLAIMED RELEASED_EARLY NEVER_RELEASED
/*
 * A shard's service claim, step by step as in spargio/shard/service_claim.hpp: the owner services,
 * gives the claim up, runs what is queued and takes it again; two other shards step in when they
 * find it free.
 *
 * Checked: one at a time services; every completion is taken exactly once, in order; the owner is
 * never kept out for ever. The memory is sequentially consistent here: the orders are the stress
 * test's business, under thread sanitizer.
 */

#define COMPLETIONS 3

bool held;
byte inside;             /* how many service just now */
byte cq_tail, cq_head;
byte taken;

active proctype Kernel() {
    do
    :: cq_tail == COMPLETIONS -> break
    :: else -> cq_tail++
    od
}

inline service(head) {
    atomic { inside++; assert(inside == 1) }
    head = cq_head;
    if
    :: head != cq_tail ->
        atomic { assert(head == taken); taken++ }
        cq_head = head + 1
    :: else
    fi;
    inside--
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

inline release() {
    assert(held);
#ifndef NEVER_RELEASED
    held = false
#endif
}

active proctype Owner() {
    byte head;
    bool mine;
    do
    :: taken == COMPLETIONS -> break
    :: else ->
#ifndef OWNER_UNCLAIMED
        do
        :: mine -> break
        :: else -> !held; try_acquire(mine)
        od;
#endif
#ifdef RELEASED_EARLY
        held = false;
#endif
        service(head);
#if !defined(OWNER_UNCLAIMED) && !defined(RELEASED_EARLY)
        release();
#endif
        mine = false
        /* runs what is queued */
    od
}

active [2] proctype Helper() {
    byte head;
    bool mine;
    byte times;
    do
    :: times == 2 -> break
    :: else ->
        try_acquire(mine);
        if
        :: mine -> service(head); release()
        :: else
        fi;
        times++
    od
}
