// breaks: LOOK_FIRST FORGET_PROMISE TAKE_PROMISED CLAIM_TWICE CALL_THE_DEAD FENCELESS
/*
 * The receivers' end of a bounded channel, step by step as in spargio/sync/channel_{core,ring}: two
 * senders put an item in each, two receivers take one each, by the fast path or in line, and one of
 * them is asked to stop at any moment. The senders' end is the mirror image.
 *
 * Checked: nobody waits for ever while there is an item that no other was promised; who was called
 * finds an item; each item is taken once, and each wait ended once; what the one who was stopped does not take, remains.
 *
 * The memory is sequentially consistent here. LOOK_FIRST is what an order of flag and look weaker than
 * the code's would allow, FENCELESS a flag that is read beside the claim of a position and not in it.
 */

#define ITEMS 2
#define RECEIVERS 2

byte tail, head;              /* positions; with the flags below each is one word */
bool other_waits;             /* in the senders' word */
bool stands;                  /* in the receivers' word, as is the next */
byte called;
bool filled[ITEMS];             /* a slot was filled */

bool locked;                  /* the line */
byte line[RECEIVERS];
byte in_line;

bool claimed[RECEIVERS];
bool promised[RECEIVERS];
bool go[RECEIVERS];
bool stopped;                 /* receiver 0 was claimed by the stop */
bool asked;                   /* receiver 0's token */

byte taken;
byte gave_up;

inline lock() { atomic { !locked -> locked = true } }
inline unlock() { locked = false }

/* What was called under the lock is let go after it: bit i of `batch` is receiver i. */
inline call() {
    do
    :: in_line > 0 ->
        d_step { r_seen = head; c_seen = called }   /* one word */
        s_seen = tail;
        if
        :: s_seen - r_seen > c_seen ->
            called++;
            d_step {
                first = line[0];
                line[0] = line[1]; line[1] = 0;
                in_line--
            }
            atomic {
                if
#ifdef CLAIM_TWICE
                :: true ->
#else
                :: !claimed[first] ->
#endif
                    claimed[first] = true;
                    promised[first] = true;
                    batch = batch | (1 << first)
                :: else ->
#ifdef CALL_THE_DEAD
                    skip
#else
                    called--
#endif
                fi
            }
        :: else -> break
        fi
    :: else ->
        other_waits = false;
        stands = false;
        break
    od
}

inline let_go() {
    do
    :: batch & 1 -> assert(!go[0]); go[0] = true; batch = batch & 2
    :: batch & 2 -> assert(!go[1]); go[1] = true; batch = batch & 1
    :: batch == 0 -> break
    od
}

proctype sender(byte count) {
    byte at, batch, first, r_seen, s_seen, c_seen;
    bool waits;
    do
    :: count > 0 ->
#ifdef FENCELESS
        waits = other_waits;
        atomic { at = tail; tail++ }
#else
        atomic { at = tail; waits = other_waits; tail++ }
#endif
        filled[at] = true;
        if
        :: waits -> lock(); call(); unlock(); let_go()
        :: else
        fi;
        count--
    :: else -> break
    od
}

/* Takes the item at `at` if the word is as it was seen. */
inline claim_item() {
    atomic {
        if
        :: was_promised && head == at -> head++; called--; taken++; done = true
        :: !was_promised && head == at && !stands && called == c_seen ->
            head++; taken++; done = true
        :: else
        fi
    }
}

proctype receiver(byte me) {
    byte at, batch, first, r_seen, s_seen, c_seen;
    bool done, was_promised;

    /* the fast path, beside those who were called */
    do
    :: done -> break
    :: else ->
        atomic {
            if
            :: stands -> goto stand
            :: else -> at = head; c_seen = called
            fi
        }
        s_seen = tail;
        if
#ifdef TAKE_PROMISED
        :: false -> skip
#else
        :: c_seen > 0 && s_seen - at <= c_seen -> goto stand
#endif
        :: else
        fi;
        if
        :: at < ITEMS && filled[at] -> claim_item()
        :: else ->
            if
            :: tail > at      /* somebody is just at it, or it is taken: look again */
            :: else -> goto stand
            fi
        fi
    od;
    goto over;

stand:
    lock();
#ifdef LOOK_FIRST
    d_step { line[in_line] = me; in_line++ }
    if
    :: tail - head > called -> stands = true; other_waits = true; call()
    :: else -> stands = true; other_waits = true
    fi;
#else
    d_step { line[in_line] = me; in_line++ }
    stands = true;
    other_waits = true;
    call();
#endif
    unlock();
    let_go();

    go[me];
    if
    :: promised[me] && !(me == 0 && asked) ->
        was_promised = true;
        do
        :: done -> break
        :: else ->
            at = head;
            assert(at < tail);  /* who was called finds an item */
            if
            :: filled[at] -> claim_item()
            :: else
            fi
        od
    :: else -> gave_up++
    fi;
    if
    :: done && !stands -> goto over     /* the promise was used by that */
    :: else
    fi;
    lock();
    d_step {
        /* stands no more, if it still did */
        if
        :: in_line > 0 && line[0] == me -> line[0] = line[1]; line[1] = 0; in_line--
        :: in_line > 1 && line[1] == me -> line[1] = 0; in_line--
        :: else
        fi
    }
#ifndef FORGET_PROMISE
    if
    :: promised[me] && !done -> called--
    :: else
    fi;
#endif
    call();
    unlock();
    let_go();
over:
    skip
}

proctype stop() {
    asked = true;
    atomic {
        if
        :: !claimed[0] -> claimed[0] = true; stopped = true
        :: else
        fi
    }
    if
    :: stopped -> assert(!go[0]); go[0] = true
    :: else
    fi
}

init {
    atomic {
        run sender(1);
        run sender(1);
        run receiver(0);
        run receiver(1);
        run stop()
    }
    /* The processes of this one, and it. */
    _nr_pr == 1;
    assert(taken + gave_up == RECEIVERS);
    assert(head == taken && tail == ITEMS);
    assert(called == 0 && in_line == 0 && !stands && !other_waits)
}
