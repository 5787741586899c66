// breaks: NO_WAIT NO_GONE NO_OWN_CALLBACK UNLOCKED_REMOVE ADD_IGNORES_REQUEST FINISHED_FIRST
/*
 * stop_source's protocol, statement by statement as in spargio/core/stop_token.cpp: two threads
 * that may request (Requester, First), two that register and end callbacks (First, Second), four
 * nodes, and callbacks that do nothing, end themselves, end another node or add one.
 *
 * Checked: a callback runs at most once; request_stop() returns only when every registered one has
 * run; no callback runs on another thread once its registration has ended, and nothing touches a
 * node after that; exactly one request is the first; nobody waits for ever.
 *
 * Each name of the first line, defined, breaks its part of the protocol. The memory is
 * sequentially consistent here: the orders are the stress test's business, under thread sanitizer.
 */

#define NODES 5          /* numbered from 1 */
#define AT_HEAD 9        /* link: &source.head_; 1..4: &node.next_; 0: null */

/* stop_source */
bool locked, requested;
byte head;
byte requester;          /* a thread's _pid, 0: none */

/* stop_node */
bool source[NODES];
byte next[NODES];
byte link[NODES];
bool gone_set[NODES];    /* gone_ != nullptr */
bool finished[NODES];
bool gone;               /* the local of the one request_stop() that runs callbacks */

/* what the checks need to know */
bool alive[NODES];       /* between add() and the end of remove() */
byte invoked[NODES];
byte running[NODES];     /* on which thread the callback runs */
byte firsts;

/* what a callback does */
mtype = { nothing, ends_itself, ends_node_3, adds_node_4 };
mtype action[NODES];

#define TOUCH(n) assert(alive[n])
#define LOCK() atomic { !locked -> locked = true }
#define UNLOCK(state) atomic { assert(locked); requested = state; locked = false }

inline remove(n) {
    TOUCH(n);
    if
    :: !source[n] -> skip
    :: else ->
        source[n] = false;
#ifndef UNLOCKED_REMOVE
        LOCK();
#endif
        TOUCH(n);
        if
        :: link[n] != 0 ->
            if
            :: link[n] == AT_HEAD -> head = next[n]
            :: else -> atomic { TOUCH(link[n]); next[link[n]] = next[n] }
            fi;
            if
            :: next[n] != 0 -> atomic { TOUCH(next[n]); link[next[n]] = link[n] }
            :: else
            fi;
            atomic { next[n] = 0; link[n] = 0 };
#ifndef UNLOCKED_REMOVE
            UNLOCK(requested)
#endif
        :: else ->
#ifndef UNLOCKED_REMOVE
            UNLOCK(requested);
#endif
            if
#ifndef NO_OWN_CALLBACK
            :: requester == _pid ->
                if
                :: gone_set[n] ->
#ifndef NO_GONE
                    gone = true
#else
                    skip
#endif
                :: else
                fi
#endif
            :: else ->
#ifndef NO_WAIT
                finished[n]
#else
                skip
#endif
            fi
        fi
    fi;
    atomic {
        assert(running[n] == 0 || running[n] == _pid);
        assert(invoked[n] <= 1);
        alive[n] = false
    }
}

inline invoke(n) {
    atomic {
        TOUCH(n);
        invoked[n]++;
        assert(invoked[n] == 1);
        running[n] = _pid
    }
    if
    :: action[n] == ends_itself -> remove(n)
    :: action[n] == ends_node_3 -> remove(3)
    :: action[n] == adds_node_4 ->
        /* The stop was requested: add() runs the callback, which does nothing. */
        alive[4] = true;
        LOCK();
        assert(requested);
        UNLOCK(true);
        invoked[4]++
    :: else
    fi;
    running[n] = 0
}

inline add(n) {
    atomic { assert(!alive[n] && !source[n]); alive[n] = true }
    LOCK();
    if
#ifndef ADD_IGNORES_REQUEST
    :: requested ->
        UNLOCK(true);
        invoke(n)
#endif
    :: else ->
        source[n] = true;
        next[n] = head;
        link[n] = AT_HEAD;
        if
        :: head != 0 -> atomic { TOUCH(head); link[head] = n }
        :: else
        fi;
        head = n;
        UNLOCK(requested)
    fi
}

inline request_stop(node) {
    LOCK();
    if
    :: requested -> UNLOCK(true)
    :: else ->
        requester = _pid;
        do
        :: head != 0 ->
            atomic { node = head; TOUCH(node); head = next[node] };
            if
            :: head != 0 -> atomic { TOUCH(head); link[head] = AT_HEAD }
            :: else
            fi;
            atomic { next[node] = 0; link[node] = 0; gone = false; gone_set[node] = true };
            UNLOCK(true);
            invoke(node);
            if
            :: !gone ->
#ifdef FINISHED_FIRST
                finished[node] = true;
#endif
                atomic { TOUCH(node); gone_set[node] = false };
                atomic { TOUCH(node); finished[node] = true }
            :: else
            fi;
            LOCK()
        :: else -> break
        od;
        atomic {
            UNLOCK(true);
            firsts++;
            assert(firsts == 1);
            for (node : 1 .. NODES - 1) {
                assert(!(alive[node] && source[node]) || (invoked[node] == 1 && running[node] == 0))
            }
            node = 0
        }
    fi
}

active proctype Unused() { skip }   /* _pid 0, which here means nobody */

byte threads_done;

active proctype Requester() {
    byte node;
    request_stop(node);
    threads_done++
}

/* Node 1; may request too, before it registers or before it ends that. */
active proctype First() {
    byte node;
    byte when;
    if
    :: action[1] = nothing
    :: action[1] = ends_itself
    fi;
    select(when : 0 .. 2);
    if
    :: when == 1 -> request_stop(node)
    :: else
    fi;
    add(1);
    if
    :: when == 2 -> request_stop(node)
    :: else
    fi;
    if
    :: action[1] == nothing -> remove(1)
    :: else
    fi;
    threads_done++
}

/* Nodes 2, 3 and 4. */
active proctype Second() {
    byte node;
    if
    :: action[2] = nothing
    :: action[2] = ends_node_3
    :: action[2] = adds_node_4
    fi;
    add(3);
    add(2);
    remove(2);
    /* Whoever ended node 2 knows whether its callback ran: what it left to do is done here. */
    if
    :: alive[3] -> remove(3)
    :: else
    fi;
    if
    :: alive[4] -> remove(4)
    :: else
    fi;
    threads_done++
}

active proctype Check() {
    threads_done == 3;
    assert(firsts == 1);
    assert(head == 0 && !locked && requested);
    byte n;
    for (n : 1 .. NODES - 1) {
        assert(!alive[n])
    }
}
