"""Things to do, and names of columns, keys and tables, that made-up values are drawn from. Data only."""

from __future__ import annotations

_ERRANDS = """
buy <ingredient>
buy <ingredient> and <ingredient>
call <first_name>
call <first_name> about the <product>
water the <plant>
book a table for <weekday>
pay the invoice <code>
book the train to <city>
book a room in <city>
send <first_name> the photos
return the <product>
fix the <device>
clean the <room>
clean out the <room>
take the <vehicle> to the garage
make an appointment with the dentist
pick up the parcel from <company>
write to <company>
answer <first_name>'s mail
renew the passport
cancel the subscription of <company>
paint the <room> <color>
read <book>
practise the <instrument>
learn ten words of <language>
feed the cat of <person>
file the tax return
prepare the talk about <topic>
print the tickets for <city>
wrap the present for <first_name>
order a new <product>
back up the photos
sweep the chimney
iron the shirts
bake <food> for <weekday>
meet <first_name> at <station>
update the <package> package
review the report of <first_name>
hand in the homework for <subject>
measure the <room>
"""
ERRANDS = tuple(_ERRANDS.split("\n")[1:-1])

_FIELDS = {
    "number": "price amount total quantity stock score age year weight length height salary rating hours distance "
    "points visitors duration discount votes pages temperature area capacity balance",
    "text": "name city country product customer category status region color team title author department brand "
    "supplier species material language room owner genre type",
    "json": "name version port host title author email theme language timeout debug level license description color "
    "currency address phone status owner region size enabled country",
    "object": "server settings database user account config window network logging address owner project meta style",
    "list": "users items orders servers books products members events tracks rooms plugins accounts stations entries",
    "table": "users orders products customers invoices books employees rooms events suppliers payments sessions "
    "members tickets flights animals songs recipes",
}
FIELDS = {name: tuple(words.split()) for name, words in _FIELDS.items()}
