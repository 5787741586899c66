// breaks: NO_EXCHANGE NO_WAIT PARENT_UNSEEN
/*
 * A linked_stop_source and its parent, step by step as in spargio/core/stop_token.{hpp,cpp}: two
 * threads that register with the child when nobody has before, a thread that asks the parent, and a
 * deadline that asks the child. What one source does by itself is stop_source.pml's business: here
 * registering with one, asking one and ending a registration are a step each.
 *
 * Checked: the child registers with its parent once; when the parent's request has returned every
 * callback that is registered with the child has run, and none runs twice; the child's own request
 * is not the first when the parent's had returned, though nobody may have listened; nobody waits
 * for ever.
 */

#define LISTENERS 2

#define CLOSED 0
#define OPENING 1
#define OPEN 2

bool parent_requested, parent_returned;
bool at_parent;              /* registered_ is in the parent's list */
byte registrations;
byte ear;                    /* begun_, and whether the parent is unheard_ */
bool child_requested;
bool at_child[LISTENERS];    /* in the child's list */
byte called[LISTENERS];
byte done;

/* request_stop() of the child, as a source by itself. */
inline ask_child(first) {
    atomic {
        first = !child_requested;
        child_requested = true;
        for (i : 0 .. LISTENERS - 1) {
            if
            :: at_child[i] -> at_child[i] = false; called[i]++
            :: else
            fi
        }
        i = 0
    }
}

inline register_with_parent(first) {
    atomic {
        registrations++;
        assert(registrations == 1);
        if
        :: parent_requested -> skip
        :: else -> at_parent = true; goto registered
        fi
    }
    ask_child(first);
registered:
    skip
}

active [LISTENERS] proctype Listener() {
    bool first;
    byte seen, i;
    seen = ear;
    if
    :: seen == CLOSED ->
#ifdef NO_EXCHANGE
        ear = OPENING;
        seen = OPENING;
#else
        atomic {
            if
            :: ear == CLOSED -> ear = OPENING; seen = OPENING
            :: else -> seen = CLOSED
            fi
        }
#endif
        if
        :: seen == OPENING ->
            register_with_parent(first);
            ear = OPEN
        :: else
        fi
    :: else
    fi;
#ifndef NO_WAIT
    ear == OPEN;
#endif
    atomic {
        if
        :: child_requested -> called[_pid]++
        :: else -> at_child[_pid] = true
        fi;
        done++
    }
}

active proctype Requester() {
    bool first, calls;
    byte i;
    atomic {
        parent_requested = true;
        calls = at_parent;
        at_parent = false
    }
    if
    :: calls -> ask_child(first)
    :: else
    fi;
    atomic {
        for (i : 0 .. LISTENERS - 1) {
            assert(!at_child[i])
        }
        i = 0;
        parent_returned = true
    }
    done++
}

active proctype Deadline() {
    bool first, parent_asked, before;
    byte i;
    before = parent_returned;
#ifndef PARENT_UNSEEN
    parent_asked = parent_requested;
#endif
    ask_child(first);
    assert(!(before && first && !parent_asked));
    done++
}

active proctype Check() {
    byte i;
    done == LISTENERS + 2;
    assert(registrations == 1);
    for (i : 0 .. LISTENERS - 1) {
        assert(called[i] == 1)
    }
}
