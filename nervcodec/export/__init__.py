"""Files of other formats made of `.nerv` files, for decoders that others have written."""
