"""How what comes in is made fit for the model: long results cut to what matters, inputs turned into text."""
