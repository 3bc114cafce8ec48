"""The web: pages read and searched for, as far as they are anyone's.

    plugin ── fetch ── apart ── reading ── markdown ── tree      what a page says, in a process of its own
          └── search ── requesting ── connecting         what is sent, to addresses that were checked

`target` takes an address apart, `addresses` knows which are public. Nothing here is imported where nothing may go
online.
"""
