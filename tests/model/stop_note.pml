// breaks: RESUME_UNDER_NOTE NOTE_FORGETS ARRIVED_FIRST NO_RESET_WAIT LISTEN_LATE STOP_UNCLAIMED LEFT_ARRIVES NOT_LEFT LEFT_UNSEEN GO_ON_ALWAYS
/*
 * A stop request that meets the end of a wait, step by step as in
 * spargio/shard/stoppable_wait.{hpp,cpp}: a wait that begins, ends by itself or is ended, and goes on
 * wherever its item runs; its home's owner and a rescuer, who both service under the claim; and a
 * stop request from another thread, which sends a note, or from the home shard, which does not. A
 * note may ask for what only the owner can do.
 *
 * Checked: the coroutine is resumed once; nothing touches its frame after that, the note and the
 * listener included; it is resumed at all, in every interleaving.
 *
 * The memory is sequentially consistent here. How a registration ends is stop_source.pml's business:
 * it waits for a callback that runs.
 */

#define IS_OVER 1
#define NOTE_SENT 2
#define NOTE_ARRIVED 4

bool held;               /* the service claim */

/* the frame */
bool alive = true;
bool armed;              /* what is waited for; guarded by the claim */
bool ends;               /* it ends, by itself or because that was asked for */
bool ended;
byte progress;
bool run_is_go_on;

/* the stop source, and the listener in the frame */
bool requested, registered, calling;

/* the home shard */
bool note_posted;        /* posts_ */
bool note_left;          /* left_ */
bool item_ready;         /* woken_ and the run queues: who runs it may be anywhere */

byte resumed;

#define TOUCH() assert(alive)

inline acquire() { atomic { !held -> held = true } }
inline release() { atomic { assert(held); held = false } }
inline wake_item() { atomic { TOUCH(); assert(!item_ready); item_ready = true } }

/* The deadline, the completion; or its cancel. */
inline end_wait() {
    TOUCH();
    if
    :: armed ->
        atomic { TOUCH(); assert(!ended); ended = true };
        armed = false;
        wake_item()
    :: else
    fi
}

inline resume() {
    atomic { TOUCH(); resumed++; assert(resumed == 1); alive = false }
}

/* The coroutine suspends, on the home shard. */
active proctype Begin() {
    bool stopped;
    acquire();
    if
    :: ends = true
    :: skip              /* only a stop request ends it */
    fi;
    armed = true;
#ifdef LISTEN_LATE
    release();
#endif
    atomic {
        TOUCH();
        if
        :: requested -> stopped = true
        :: else -> registered = true
        fi
    }
#ifdef LISTEN_LATE
    acquire();
#endif
    if
    :: stopped -> end_wait()
    :: else
    fi;
    release()
}

active proctype Requester() {
    atomic {
        requested = true;
        if
        :: registered -> TOUCH(); registered = false; calling = true
        :: else -> goto done
        fi
    }
    if
    :: true ->           /* on the home shard */
#ifndef STOP_UNCLAIMED
        acquire();
#endif
        end_wait();
#ifndef STOP_UNCLAIMED
        release()
#endif
    :: true ->
        atomic { TOUCH(); progress = progress | NOTE_SENT };
        atomic { TOUCH(); note_posted = true }
    fi;
    atomic { TOUCH(); calling = false };
done:
    skip
}

inline arrive(is_owner) {
    atomic { TOUCH(); seen = progress };
#ifdef ARRIVED_FIRST
    atomic { TOUCH(); over = progress & IS_OVER; progress = progress | NOTE_ARRIVED };
#endif
    if
    :: (seen & IS_OVER) == 0 ->
        if
        :: end_wait()
        :: atomic { TOUCH(); ends = true }   /* a cancel that was sent */
        :: !is_owner -> left = true
        fi
    :: else
    fi;
    if
    :: left ->
#ifndef NOT_LEFT
        atomic { TOUCH(); note_left = true };
#endif
#ifdef LEFT_ARRIVES
        atomic { TOUCH(); progress = progress | NOTE_ARRIVED }
#endif
    :: else ->
#ifndef ARRIVED_FIRST
        atomic { TOUCH(); over = progress & IS_OVER; progress = progress | NOTE_ARRIVED };
#endif
#ifndef NOTE_FORGETS
        if
#ifdef GO_ON_ALWAYS
        :: true ->
#else
        :: over ->
#endif
            atomic { TOUCH(); run_is_go_on = true };
            wake_item()
        :: else
        fi
#endif
    fi
}

inline service(is_owner) {
    acquire();
    atomic { got = note_posted; note_posted = false };
    if
    :: armed && ends -> end_wait()
    :: skip
    fi;
    if
    :: is_owner -> atomic { got = got || note_left; note_left = false }
    :: else
    fi;
    if
    :: got -> arrive(is_owner)
    :: else
    fi;
    release();
    atomic { got = false; over = false; left = false; seen = 0 }
}

active proctype Owner() {
    bool got, over, left;
    byte seen;
end_idle:
    do
#ifdef LEFT_UNSEEN
    :: (armed && ends) || note_posted -> service(true)
#else
    :: (armed && ends) || note_posted || note_left -> service(true)
#endif
    od
}

active proctype Rescuer() {
    bool got, over, left;
    byte seen;
end_idle:
    do
    :: (armed && ends) || note_posted -> service(false)
    od
}

/* Who runs the item: two, as one may still be at it when it is queued again. */
active [2] proctype Runner() {
    byte seen;
end_idle:
    do
    :: atomic { item_ready -> item_ready = false };
        TOUCH();
        if
        :: run_is_go_on -> resume()
        :: else ->
            atomic { TOUCH(); registered = false };
#ifndef NO_RESET_WAIT
            !calling;
#endif
            atomic { TOUCH(); seen = progress; progress = progress | IS_OVER };
            if
#ifndef RESUME_UNDER_NOTE
            :: (seen & (NOTE_SENT | NOTE_ARRIVED)) == NOTE_SENT -> skip
#endif
            :: else -> resume()
            fi;
            seen = 0
        fi
    od
}

active proctype Check() {
    timeout;
    assert(resumed == 1 && !item_ready && !note_posted && !note_left && !held)
}
